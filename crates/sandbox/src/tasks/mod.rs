//! Running tasks as real local processes: what the container agent of a cluster does.
//!
//! A task's images come from this sandbox's registry and are unpacked once per digest. Each container is a child process
//! in a process group of its own, started in its image's root, and told its own loopback address in `HOST`, as a task
//! with an `awsvpc` network has an address of its own. There is no isolation beyond that: an entry point is looked up in
//! the image's root first and then on this machine, and an absolute path among its arguments means the image's file
//! when there is one.

mod dependencies;
mod driver;
mod health;
mod images;
mod process;
mod records;
mod spec;
mod watchdog;

pub(crate) use dependencies::is_circular;
pub(crate) use images::find as find_image;
pub(crate) use records::{Container, Health, READ_LATE, Status, StopOrder, Task, Tasks};
pub(crate) use spec::{Alone, ContainerSpec, Owner, TaskSpec};
