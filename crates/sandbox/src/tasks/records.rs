//! What is known about every task, and the orders given to the running ones.

use super::{ContainerSpec, TaskSpec, driver, images::Images, process, watchdog::Watchdog};
use crate::{Cloud, late::Late};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    io,
    net::Ipv4Addr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use subject::Digest;
use tokio::sync::watch;

/// Stopped tasks are forgotten beyond this many; AWS forgets them after about an hour.
const STOPPED_KEPT: usize = 500;

/// The operations whose answers can be late.
pub(crate) const READ_LATE: [&str; 2] = ["DescribeTasks", "ListTasks"];

/// All tasks of the sandbox.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// Taken before `late`, never after it.
    records: Mutex<Records>,
    late: Late<Vec<Task>>,
    /// Kills what is left when this process dies without a word.
    pub(super) watchdog: Watchdog,
    /// Unpacked images.
    pub(super) images: Images,
}

#[derive(Debug, Default)]
struct Records {
    tasks: BTreeMap<String, Entry>,
    /// The last octet given out.
    last_host: u8,
    /// No task starts any more.
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    task: Task,
    order: watch::Sender<Option<StopOrder>>,
}

/// A task as the agent knows it.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    /// What it was started from and for.
    pub(crate) spec: Arc<TaskSpec>,
    /// Its own loopback address.
    pub(crate) address: Ipv4Addr,
    /// Where it is in its life.
    pub(crate) status: Status,
    /// Whether it has been told to stop.
    pub(crate) to_stop: bool,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// When its images began to be fetched.
    pub(crate) pull_started_at: Option<Timestamp>,
    /// When its images were there.
    pub(crate) pull_stopped_at: Option<Timestamp>,
    /// When it was running.
    pub(crate) started_at: Option<Timestamp>,
    /// When it began to stop.
    pub(crate) stopping_at: Option<Timestamp>,
    /// When it had stopped.
    pub(crate) stopped_at: Option<Timestamp>,
    /// Why it stopped, as `TaskStopCode`.
    pub(crate) stop_code: Option<&'static str>,
    /// Why it stopped, in words.
    pub(crate) stopped_reason: Option<String>,
    /// Its containers, in the definition's order.
    pub(crate) containers: Vec<Container>,
    /// Counts its changes.
    pub(crate) version: u64,
}

/// A container as the agent knows it.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    /// What it was started from.
    pub(crate) spec: ContainerSpec,
    /// Which image runs.
    pub(crate) digest: Option<Digest>,
    /// Where it is in its life: `PENDING`, `RUNNING` or `STOPPED`.
    pub(crate) status: Status,
    /// The process while it runs.
    pub(crate) pid: Option<u32>,
    /// How it ended; absent when it never ran.
    pub(crate) exit_code: Option<i32>,
    /// Why it could not run.
    pub(crate) reason: Option<String>,
    /// What its own health check says.
    pub(crate) health: Health,
}

/// Where a task is in its life, in AWS's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

/// What a container's own health check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Unknown,
    Healthy,
    Unhealthy,
}

/// Why and how a task is to stop.
#[derive(Debug, Clone)]
pub(crate) struct StopOrder {
    /// The `TaskStopCode`.
    pub(crate) code: &'static str,
    /// The `stoppedReason`.
    pub(crate) reason: String,
    /// The target groups the task has to drain from before it is told to end.
    pub(crate) drain: Vec<String>,
}

impl Status {
    /// AWS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl Health {
    /// AWS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

impl Task {
    /// The task's health: that of its essential containers that have a health check.
    pub(crate) fn health(&self) -> Health {
        let checked = self.containers.iter().filter(|c| c.spec.essential && c.spec.health_check.is_some());
        let states: Vec<Health> = checked.map(|container| container.health).collect();
        match states.as_slice() {
            [] => Health::Unknown,
            states if states.contains(&Health::Unhealthy) => Health::Unhealthy,
            states if states.iter().all(|state| *state == Health::Healthy) => Health::Healthy,
            _ => Health::Unknown,
        }
    }
}

impl Tasks {
    /// An empty cluster that keeps unpacked images under `folder`.
    ///
    /// # Errors
    /// When the folder cannot be made or the watchdog cannot be started.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            records: Mutex::default(),
            late: Late::default(),
            watchdog: Watchdog::start()?,
            images: Images::open(folder)?,
        })
    }

    /// Starts a task and gives its id; what becomes of it is seen in its record.
    pub(crate) fn launch(cloud: &Arc<Cloud>, spec: TaskSpec, now: Timestamp) -> Option<String> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let (order, orders) = watch::channel(None);
        let spec = Arc::new(spec);
        {
            let mut records = cloud.tasks.lock();
            if records.closed {
                return None;
            }
            let address = records.free_address(cloud.place.port);
            let task = Task::new(id.clone(), Arc::clone(&spec), address, now);
            records.tasks.insert(id.clone(), Entry { task, order });
        }
        tokio::spawn(driver::run(Arc::clone(cloud), id.clone(), orders));
        Some(id)
    }

    /// Tells a task to stop; the first order counts.
    pub(crate) fn stop(&self, id: &str, order: StopOrder) {
        let mut records = self.lock();
        if let Some(entry) = records.tasks.get_mut(id)
            && !entry.task.to_stop
        {
            entry.task.to_stop = true;
            entry.task.version += 1;
            entry.order.send_replace(Some(order));
        }
    }

    /// The task with that id.
    pub(crate) fn get(&self, id: &str) -> Option<Task> {
        self.lock().tasks.get(id).map(|entry| entry.task.clone())
    }

    /// The tasks that match, in no particular order.
    pub(crate) fn select(&self, matches: impl Fn(&Task) -> bool) -> Vec<Task> {
        self.lock().tasks.values().map(|entry| &entry.task).filter(|task| matches(task)).cloned().collect()
    }

    /// All tasks, as `operation` sees them.
    pub(crate) fn seen_by(&self, operation: &str) -> Vec<Task> {
        let late = self.late.as_it_was(operation).map(|snapshot| snapshot.to_vec());
        late.unwrap_or_else(|| self.select(|_| true))
    }

    /// Has `operation` read so many ticks late; false when it is not one that can.
    pub(crate) fn lag(&self, operation: &str, ticks: usize) -> bool {
        let known = READ_LATE.contains(&operation);
        if known {
            self.late.lag(operation, ticks, &self.select(|_| true));
        }
        known
    }

    /// A tick.
    pub(crate) fn remember(&self) {
        if self.late.is_used() {
            self.late.remember(&self.select(|_| true));
        }
    }

    /// Changes the record of a task.
    pub(super) fn update<T>(&self, id: &str, change: impl FnOnce(&mut Task) -> T) -> Option<T> {
        let mut records = self.lock();
        let changed = records.tasks.get_mut(id).map(|entry| {
            entry.task.version += 1;
            change(&mut entry.task)
        });
        records.forget_oldest_stopped();
        changed
    }

    /// Whether containers may still be started.
    pub(super) fn is_open(&self) -> bool {
        !self.lock().closed
    }

    /// Kills every process and starts no more.
    pub(crate) fn kill_all(&self) {
        let mut records = self.lock();
        records.closed = true;
        let containers = records.tasks.values().flat_map(|entry| &entry.task.containers);
        containers.filter_map(|container| container.pid).for_each(process::kill_group);
    }

    /// How many containers still run.
    pub(crate) fn running_processes(&self) -> usize {
        let records = self.lock();
        records.tasks.values().flat_map(|entry| &entry.task.containers).filter(|c| c.pid.is_some()).count()
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    /// An address no running task has: `127.a.b.n`, where a and b come from this sandbox's port, so that two sandboxes
    /// on one machine never collide.
    fn free_address(&mut self, port: u16) -> Ipv4Addr {
        let [high, low] = port.to_be_bytes();
        for _ in 0..254 {
            self.last_host = self.last_host % 254 + 1;
            let address = Ipv4Addr::new(127, high, low, self.last_host);
            let taken = |entry: &Entry| entry.task.address == address && entry.task.status != Status::Stopped;
            if !self.tasks.values().any(taken) {
                return address;
            }
        }
        Ipv4Addr::new(127, high, low, self.last_host)
    }

    fn forget_oldest_stopped(&mut self) {
        let stopped = || self.tasks.values().filter(|entry| entry.task.status == Status::Stopped);
        if stopped().count() <= STOPPED_KEPT {
            return;
        }
        let oldest = stopped().min_by_key(|entry| entry.task.stopped_at).map(|entry| entry.task.id.clone());
        oldest.and_then(|id| self.tasks.remove(&id));
    }
}

impl Task {
    fn new(id: String, spec: Arc<TaskSpec>, address: Ipv4Addr, now: Timestamp) -> Self {
        let container = |spec: &ContainerSpec| Container {
            spec: spec.clone(),
            digest: None,
            status: Status::Pending,
            pid: None,
            exit_code: None,
            reason: None,
            health: Health::Unknown,
        };
        Self {
            id,
            containers: spec.containers.iter().map(container).collect(),
            spec,
            address,
            status: Status::Provisioning,
            to_stop: false,
            created_at: now,
            pull_started_at: None,
            pull_stopped_at: None,
            started_at: None,
            stopping_at: None,
            stopped_at: None,
            stop_code: None,
            stopped_reason: None,
            version: 1,
        }
    }
}
