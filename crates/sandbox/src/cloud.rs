//! The state all rooms share: who and where this cloud is, and one field for each room.

use crate::{
    admin::Faults,
    clock::Clock,
    codedeploy::CodeDeploy,
    ecs::Ecs,
    elb::Elb,
    functions::Functions,
    identity::Identity,
    logs::Logs,
    metrics::{Alarms, Metrics},
    pace::Pace,
    permissions::Permissions,
    registry::Store,
    tasks::Tasks,
};
use std::path::{Path, PathBuf};

/// The shared state of one sandbox; every handler gets it as `Arc<Cloud>`.
#[derive(Debug)]
pub struct Cloud {
    /// Who and where this cloud is.
    pub place: Place,
    /// What was pushed.
    pub registry: Store,
    /// Signing keys and issued tokens.
    pub identity: Identity,
    /// Clusters, services, task definitions.
    pub(crate) ecs: Ecs,
    /// What runs.
    pub(crate) tasks: Tasks,
    /// Load balancers and target groups.
    pub(crate) elb: Elb,
    /// What was measured.
    pub(crate) metrics: Metrics,
    /// What is rung when measures are bad.
    pub(crate) alarms: Alarms,
    /// What functions say to lifecycle hooks.
    pub(crate) functions: Functions,
    /// What roles may do.
    pub(crate) permissions: Permissions,
    /// Applications and deployments of CodeDeploy.
    pub(crate) code_deploy: CodeDeploy,
    /// What containers printed.
    pub(crate) logs: Logs,
    /// What time it is for deployments.
    pub(crate) clock: Clock,
    /// What is to go wrong.
    pub(crate) faults: Faults,
}

/// Who and where this cloud is: what goes into ARNs and URLs.
#[derive(Debug, Clone)]
pub struct Place {
    /// The port everything answers on, on 127.0.0.1.
    pub port: u16,
    /// The folder for blobs, unpacked images and task roots.
    pub data_dir: PathBuf,
    /// How fast things happen.
    pub pace: Pace,
}

impl Place {
    /// The account every resource belongs to: AWS's own documentation account.
    pub const ACCOUNT: &str = "123456789012";
    /// The region every resource lives in.
    pub const REGION: &str = "eu-west-1";

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.host())
    }

    /// `127.0.0.1:PORT`: the host of the registry in image references.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The ARN of a resource of `service`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", Self::REGION, Self::ACCOUNT)
    }

    /// A folder of its own for one room, made by the room that uses it.
    #[must_use]
    pub fn room(&self, name: &str) -> PathBuf {
        let base: &Path = &self.data_dir;
        base.join(name)
    }
}
