//! `together`: calls that do not wait for each other.

use futures_util::{StreamExt as _, TryStreamExt as _};

/// Calls under way at the same time: enough to hide a registry's distance, too few to be throttled for.
const AT_ONCE: usize = 6;

/// Makes these calls, a few at a time. The answers are in the order of the calls.
///
/// # Errors
/// The first that is met; calls not begun by then are not made.
pub async fn together<T, E>(calls: Vec<impl Future<Output = Result<T, E>>>) -> Result<Vec<T>, E> {
    futures_util::stream::iter(calls).buffered(AT_ONCE).try_collect().await
}
