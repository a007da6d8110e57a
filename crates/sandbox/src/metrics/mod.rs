//! CloudWatch metrics: what the load balancers measured and what was put, at a resolution of one second.
//!
//! Spoken as AWS JSON 1.0 (`GraniteServiceVersion20100801`); `rpc-v2-cbor` is not. Alarms are evaluated
//! from the same numbers.

mod alarms;
mod api;
mod expression;
mod page;
mod query;
mod statistic;
mod store;

pub(crate) use alarms::Alarms;
pub(crate) use api::call;
pub(crate) use store::Metrics;
