//! CloudWatch Logs: what containers with the `awslogs` driver print, and what is put by hand.
//!
//! A task's stream is `<prefix>/<container>/<task>`. Its group comes into being with its first line, where AWS wants it to
//! be there before, unless that is asked for (`POST /_sandbox/faults` with `log_groups_must_exist`).

mod api;
mod pattern;
mod store;

pub(crate) use api::call;
pub(crate) use store::Logs;
