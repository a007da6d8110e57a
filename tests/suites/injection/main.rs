//! Text from outside cannot act on the runner, read with the runner's own grammar: what AWS, a container, an image, a
//! service, a metrics server or a file says sets no output, state or mask, and does not break out of the summary.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

mod answers;
mod deployment;
mod harmless;
mod images;
#[path = "../bad_input/served.rs"]
mod served;
#[path = "../bad_input/settled.rs"]
mod settled;
