//! Progressive delivery as one state machine: a release gets more and more of the traffic, in planned steps, each held for
//! a while and asked about, until it is promoted or has gone back.
//!
//! [`Rollout`] decides, from events and their moments alone: it knows no network and no clock, and each of its states is
//! reached again by replaying its [`Journal`]. [`Target`] is what an engine can do (a load balancer's weights, a native
//! deployment, an alias), [`Host`] what the surroundings give (time, gates, a place for the journal), and [`drive`] goes
//! around between the three.
//!
//! Promises, each a property test: traffic moves only to the next planned share, and only to a candidate just seen
//! healthy; no move without the gate's yes; going back can be asked for at any moment, and after that nothing moves
//! forward any more; whatever is not known is not a yes.

mod drive;
mod event;
mod journal;
mod machine;
mod plan;
mod target;
mod weight;

pub use drive::drive;
pub use event::{Event, Judgement, Why};
pub use journal::{Entry, Journal};
pub use machine::{End, Order, Rollout, Stage};
pub use plan::{OnInconclusive, Patience, Plan, PlanError, Step, Strategy};
pub use target::{Answer, Fate, Health, Host, Observation, Question, Target};
pub use weight::{Weight, WeightError};
