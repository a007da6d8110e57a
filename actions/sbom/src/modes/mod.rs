//! What is done with a bill of materials besides writing one: verifying, comparing, merging, one for every platform; and
//! the checks that any of them may be followed by.

pub mod attached;
pub mod checked;
pub mod checks;
pub mod compare;
pub mod difference;
pub mod inputs;
pub mod joined;
pub mod platforms;
pub mod verify;

pub use checked::Checked;
pub use inputs::{Mode, ModeInputs, ModeSettings};
