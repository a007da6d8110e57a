//! The life of one task, from `PROVISIONING` to `STOPPED`.

use super::{
    Health, Status, StopOrder, Task,
    dependencies::{Readiness, readiness},
    health, images,
    images::Unpacked,
    process::{self, Invocation},
};
use crate::{Cloud, admin::StartFault};
use std::{io, process::ExitStatus, sync::Arc, time::Duration};
use tokio::{
    process::Child,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// How often a dependency that has to become healthy is looked at.
const DEPENDENCY_TICK: Duration = Duration::from_millis(20);

/// Why a task ended, as its record says it.
struct End {
    code: &'static str,
    reason: String,
}

/// Lives the life of task `id`.
pub(super) async fn run(cloud: Arc<Cloud>, id: String, orders: watch::Receiver<Option<StopOrder>>) {
    let mut life = Life { cloud, id, orders, exits: JoinSet::new(), beside: JoinSet::new() };
    let end = match life.start().await {
        Ok(()) => life.work().await,
        Err(end) => end,
    };
    life.stop(end).await;
}

struct Life {
    cloud: Arc<Cloud>,
    id: String,
    orders: watch::Receiver<Option<StopOrder>>,
    /// Each running container ends with its place in the task.
    exits: JoinSet<(usize, io::Result<ExitStatus>)>,
    /// Health checks.
    beside: JoinSet<()>,
}

impl Life {
    /// To `RUNNING`, or the reason it could not.
    async fn start(&mut self) -> Result<(), End> {
        let pace = self.cloud.place.pace.clone();
        self.pause(pace.provisioning).await?;
        self.update(|task| {
            task.status = Status::Pending;
            task.pull_started_at = Some(self.cloud.clock.now());
        });
        let images = self.pull().await?;
        self.update(|task| {
            task.status = Status::Activating;
            task.pull_stopped_at = Some(self.cloud.clock.now());
        });
        self.pause(pace.starting).await?;
        match self.cloud.faults.start() {
            Some(StartFault::Slow(longer)) => self.pause(longer).await?,
            Some(StartFault::Fail(reason)) => return Err(self.container_failed(0, reason)),
            None => {}
        }
        let mut waiting: Vec<usize> = (0..images.len()).collect();
        while !waiting.is_empty() {
            let place = self.next_to_start(&waiting).await?;
            self.start_container(place, &images[place])?;
            waiting.retain(|other| *other != place);
        }
        self.update(|task| {
            task.status = Status::Running;
            task.started_at = Some(self.cloud.clock.now());
        });
        Ok(())
    }

    /// Waits until one of these containers may start: those it depends on have come far enough.
    async fn next_to_start(&mut self, waiting: &[usize]) -> Result<usize, End> {
        loop {
            let task = self.record()?;
            for place in waiting {
                match readiness(&task.containers[*place].spec.depends_on, &task.containers) {
                    Readiness::Ready => return Ok(*place),
                    Readiness::Waits => {}
                    Readiness::Hopeless(reason) => return Err(self.container_failed(*place, reason)),
                }
            }
            tokio::select! {
                order = ordered(&mut self.orders) => return Err(End { code: order.code, reason: order.reason }),
                Some(Ok((place, status))) = self.exits.join_next() => {
                    if let Some(end) = self.after_exit(place, &status) {
                        return Err(end);
                    }
                }
                () = sleep(DEPENDENCY_TICK) => {}
            }
        }
    }

    async fn pull(&self) -> Result<Vec<Unpacked>, End> {
        let task = self.record()?;
        let mut unpacked = Vec::new();
        for (place, container) in task.containers.iter().enumerate() {
            let spec = &container.spec;
            let found = images::find(&self.cloud.registry, &self.cloud.place, &spec.image, spec.pinned.as_ref());
            let ready = match found {
                Ok(image) => match self.cloud.tasks.images.unpacked(&self.cloud.registry, &image).await {
                    Ok(ready) => Ok((image.digest, ready)),
                    Err(error) => Err(format!("CannotPullContainerError: failed to unpack {}: {error}", spec.image)),
                },
                Err(reason) => Err(reason),
            };
            match ready {
                Ok((digest, ready)) => {
                    self.update(|task| task.containers[place].digest = Some(digest));
                    unpacked.push(ready);
                }
                Err(reason) => return Err(self.container_failed(place, reason)),
            }
        }
        Ok(unpacked)
    }

    fn start_container(&mut self, place: usize, image: &Unpacked) -> Result<(), End> {
        let task = self.record()?;
        let spec = &task.containers[place].spec;
        if let Some((group, _)) = spec.log.as_ref().filter(|(group, _)| !self.cloud.logs.accepts(group)) {
            return Err(self.container_failed(place, words_for_missing_group(group)));
        }
        let invocation = Invocation::of(spec, image, task.address);
        let mut child = invocation
            .start()
            .map_err(|error| self.container_failed(place, format!("CannotStartContainerError: {error}")))?;
        let pid = child.id();
        if let Some(group) = pid {
            self.cloud.tasks.watchdog.watch(group);
        }
        self.update(|task| {
            task.containers[place].pid = pid;
            task.containers[place].status = Status::Running;
        });
        // The sandbox may have been closed between the two lines above.
        if !self.cloud.tasks.is_open() {
            pid.into_iter().for_each(process::kill_group);
        }
        let (group, prefix) = spec.log.clone().unwrap_or(("/ecs/sandbox".to_owned(), "ecs".to_owned()));
        self.keep_log((group, format!("{prefix}/{}/{}", spec.name, self.id)), &mut child);
        if let Some(check) = spec.health_check.clone() {
            self.beside.spawn(health::watch(Arc::clone(&self.cloud), self.id.clone(), place, check, invocation));
        }
        self.exits.spawn(async move { (place, child.wait().await) });
        Ok(())
    }

    fn keep_log(&self, stream: (String, String), child: &mut Child) {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (cloud, second, name) = (Arc::clone(&self.cloud), Arc::clone(&self.cloud), stream.clone());
        tokio::spawn(async move {
            if let Some(out) = out {
                cloud.logs.follow(name, out).await;
            }
        });
        tokio::spawn(async move {
            if let Some(err) = err {
                second.logs.follow(stream, err).await;
            }
        });
    }

    /// Until an essential container exits or the task is told to stop.
    async fn work(&mut self) -> End {
        loop {
            tokio::select! {
                order = ordered(&mut self.orders) => return self.drain(order).await,
                Some(Ok((place, status))) = self.exits.join_next() => {
                    if let Some(end) = self.after_exit(place, &status) {
                        return end;
                    }
                }
            }
        }
    }

    /// Books the end of a container, which is the end of the task if it is essential.
    fn after_exit(&self, place: usize, status: &io::Result<ExitStatus>) -> Option<End> {
        self.container_ended(place, status);
        let essential = self.record().is_ok_and(|task| task.containers[place].spec.essential);
        let reason = "Essential container in task exited".to_owned();
        essential.then_some(End { code: "EssentialContainerExited", reason })
    }

    /// Waits until the load balancers have let go of the task.
    async fn drain(&self, order: StopOrder) -> End {
        self.update(|task| {
            task.status = Status::Deactivating;
            task.stopping_at = Some(self.cloud.clock.now());
        });
        if let Ok(task) = self.record() {
            for target_group in &order.drain {
                self.cloud.elb.drained(target_group, task.address).await;
            }
        }
        End { code: order.code, reason: order.reason }
    }

    /// Ends what still runs and closes the record.
    async fn stop(&mut self, end: End) {
        self.beside.abort_all();
        self.update(|task| {
            task.status = Status::Stopping;
            task.to_stop = true;
            task.stopping_at.get_or_insert(self.cloud.clock.now());
            task.stop_code = Some(end.code);
            task.stopped_reason = Some(end.reason);
        });
        let running: Vec<(u32, Duration)> = self.record().map_or(Vec::new(), |task| {
            let running = task.containers.iter().filter_map(|c| Some((c.pid?, c.spec.stop_timeout)));
            running.collect()
        });
        running.iter().for_each(|(pid, _)| process::ask_group_to_end(*pid));
        let patience = running.iter().map(|(_, patience)| *patience).max().unwrap_or_default();
        let in_time = timeout(patience, self.collect()).await;
        running.iter().for_each(|(pid, _)| process::kill_group(*pid));
        if in_time.is_err() {
            self.collect().await;
        }
        self.update(|task| task.status = Status::Deprovisioning);
        self.update(|task| {
            task.status = Status::Stopped;
            task.stopped_at = Some(self.cloud.clock.now());
            for container in &mut task.containers {
                container.status = Status::Stopped;
                if container.health == Health::Healthy {
                    container.health = Health::Unknown;
                }
            }
        });
    }

    async fn collect(&mut self) {
        while let Some(ended) = self.exits.join_next().await {
            if let Ok((place, status)) = ended {
                self.container_ended(place, &status);
            }
        }
    }

    fn container_ended(&self, place: usize, status: &io::Result<ExitStatus>) {
        let pid = self.update(|task| {
            let container = &mut task.containers[place];
            container.exit_code = status.as_ref().ok().map(|status| process::exit_code(*status));
            container.status = Status::Stopped;
            container.pid.take()
        });
        if let Some(pid) = pid.flatten() {
            // What the container left behind ends with it, as in a real one.
            process::kill_group(pid);
            self.cloud.tasks.watchdog.forget(pid);
        }
    }

    fn container_failed(&self, place: usize, reason: String) -> End {
        self.update(|task| {
            task.containers[place].status = Status::Stopped;
            task.containers[place].reason = Some(reason.clone());
        });
        End { code: "TaskFailedToStart", reason }
    }

    /// Waits, unless the task is told to stop meanwhile.
    async fn pause(&mut self, duration: Duration) -> Result<(), End> {
        tokio::select! {
            order = ordered(&mut self.orders) => Err(End { code: order.code, reason: order.reason }),
            () = sleep(duration) => Ok(()),
        }
    }

    fn record(&self) -> Result<Task, End> {
        let gone = || End { code: "TaskFailedToStart", reason: "the task is not known any more".to_owned() };
        self.cloud.tasks.get(&self.id).ok_or_else(gone)
    }

    fn update<T>(&self, change: impl FnOnce(&mut Task) -> T) -> Option<T> {
        self.cloud.tasks.update(&self.id, change)
    }
}

/// Why a container whose log group does not exist cannot start.
fn words_for_missing_group(group: &str) -> String {
    format!(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to \
         create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : {group}"
    )
}

/// The order to stop, once it comes.
async fn ordered(orders: &mut watch::Receiver<Option<StopOrder>>) -> StopOrder {
    match orders.wait_for(Option::is_some).await.ok().and_then(|order| order.clone()) {
        Some(order) => order,
        // Nobody can give an order any more.
        None => std::future::pending().await,
    }
}
