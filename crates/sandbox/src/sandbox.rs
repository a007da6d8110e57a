//! Starting and ending a sandbox: it runs on threads of its own, so a blocking caller never starves it.

use crate::{
    Cloud, Pace, Place,
    admin::Faults,
    clock::Clock,
    codedeploy::CodeDeploy,
    ecs, elb,
    functions::Functions,
    identity::Identity,
    logs::Logs,
    metrics::{Alarms, Metrics},
    permissions::Permissions,
    registry::Store,
    server,
    tasks::Tasks,
};
use anyhow::Context;
use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::runtime::Runtime;

/// How long the end may take.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// How a sandbox is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Where blobs and unpacked images are kept; none means a folder that goes away with the sandbox.
    pub data_dir: Option<PathBuf>,
    /// How fast things happen.
    pub pace: Pace,
}

/// A running laptop cloud. Dropping it ends it and every task it started.
#[derive(Debug)]
pub struct Sandbox {
    cloud: Arc<Cloud>,
    runtime: Option<Runtime>,
    /// Kept only to be removed when the sandbox goes.
    _scratch: Option<tempfile::TempDir>,
}

impl Sandbox {
    /// Starts a sandbox; it answers as soon as this returns.
    ///
    /// # Errors
    /// When the port is taken or the data folder cannot be used.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .with_context(|| format!("listen on 127.0.0.1:{}", options.port))?;
        listener.set_nonblocking(true)?;
        let scratch = match &options.data_dir {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("lockkeeper-sandbox-").tempdir()?),
        };
        let data_dir = match (&options.data_dir, &scratch) {
            (Some(folder), _) => std::path::absolute(folder)?,
            (None, Some(scratch)) => scratch.path().to_owned(),
            (None, None) => anyhow::bail!("no folder to keep data in"),
        };
        let place = Place { port: listener.local_addr()?.port(), data_dir, pace: options.pace };
        let registry = Store::open(&place.room("registry")).context("open the registry's folder")?;
        let tasks = Tasks::open(&place.room("images")).context("prepare to run tasks")?;
        let cloud = Arc::new(Cloud {
            place,
            registry,
            identity: Identity::default(),
            ecs: ecs::Ecs::default(),
            tasks,
            elb: elb::Elb::open()?,
            metrics: Metrics::default(),
            alarms: Alarms::default(),
            functions: Functions::default(),
            permissions: Permissions::default(),
            code_deploy: CodeDeploy::default(),
            logs: Logs::default(),
            clock: Clock::default(),
            faults: Faults::default(),
        });

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .context("start the sandbox's threads")?;
        let router = server::router(Arc::clone(&cloud));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        });
        runtime.spawn(live(Arc::clone(&cloud)));
        Ok(Self { cloud, runtime: Some(runtime), _scratch: scratch })
    }

    /// `http://127.0.0.1:PORT`: what `AWS_ENDPOINT_URL` is set to.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.cloud.place.endpoint()
    }

    /// `127.0.0.1:PORT`: the registry's host in image references.
    #[must_use]
    pub fn registry_host(&self) -> String {
        self.cloud.place.host()
    }

    /// The variables a process needs to use this cloud as it would use AWS and GitHub.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut env = vec![
            text("AWS_ENDPOINT_URL", &self.endpoint()),
            text("AWS_REGION", Place::REGION),
            text("AWS_DEFAULT_REGION", Place::REGION),
        ];
        env.extend(self.cloud.identity.env(&self.cloud.place));
        env
    }

    /// Ends the sandbox: its tasks are killed, its port is free.
    pub async fn shutdown(mut self) {
        self.end();
    }

    /// Kills the tasks and collects them, on a thread of its own: a runtime must not be waited for on another one's.
    fn end(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let cloud = Arc::clone(&self.cloud);
        let ending = std::thread::spawn(move || {
            cloud.tasks.kill_all();
            let until = std::time::Instant::now() + END_PATIENCE;
            while cloud.tasks.running_processes() > 0 && std::time::Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
            runtime.shutdown_timeout(END_PATIENCE);
        });
        // A panic there has already been printed, and there is nothing left to end.
        let _ = ending.join();
    }
}

/// What happens by itself: services are looked at every tick, gauges are published and alarms
/// evaluated every second.
async fn live(cloud: Arc<Cloud>) {
    let mut tick = tokio::time::interval(cloud.place.pace.tick);
    let mut published = 0;
    loop {
        tick.tick().await;
        let now = jiff::Timestamp::now();
        ecs::tick(&cloud, cloud.clock.now());
        cloud.elb.remember();
        cloud.tasks.remember();
        if now.as_second() != published {
            published = now.as_second();
            elb::publish_gauges(&cloud, now);
            cloud.alarms.tick(&cloud.metrics, now);
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end();
    }
}
