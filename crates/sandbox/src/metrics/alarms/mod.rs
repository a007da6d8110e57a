//! CloudWatch alarms: evaluated from what was really measured, with their history.
//!
//! Periods go down to one second, where AWS has ten. Nobody is told when a state changes: actions are kept and shown.

mod api;
mod definition;
mod evaluation;
mod records;

pub(super) use api::call;
pub(crate) use records::Alarms;
