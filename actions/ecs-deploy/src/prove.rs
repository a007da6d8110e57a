//! What really runs, against what was promised. Only equality is success.

use crate::model::{Revision, Task};
use std::collections::BTreeSet;
use subject::Digest;

/// The digests a promise is kept by: the promised one and, where that is an index over platforms, the manifests it
/// lists, because a task runs one of them and some agents report that one.
#[derive(Debug, Clone)]
pub(crate) struct Promise {
    /// The container the image is for.
    pub(crate) container: String,
    /// The digest that was asked for.
    pub(crate) digest: Digest,
    /// The manifests of an index; empty for a plain image.
    pub(crate) platforms: BTreeSet<Digest>,
}

/// What the running tasks say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Every running task of the deployment, and there is at least one, runs the promised image.
    Kept {
        /// How many.
        tasks: usize,
    },
    /// Something else runs.
    Broken {
        /// What, and where.
        seen: String,
    },
    /// No task runs: the image has never been tried.
    NoTasks,
    /// Tasks run, and nobody says which image.
    Silent,
}

impl Promise {
    fn keeps(&self, digest: &str) -> bool {
        digest.parse::<Digest>().is_ok_and(|digest| digest == self.digest || self.platforms.contains(&digest))
    }

    /// Judges several containers' promises: the worst of them counts. Without any promise running tasks are only silent.
    #[must_use]
    pub(crate) fn judge_all(promises: &[Self], tasks: &[Task], revision: Option<&Revision>) -> Proof {
        let rank = |proof: &Proof| match proof {
            Proof::Kept { .. } => 0,
            Proof::Silent => 1,
            Proof::NoTasks => 2,
            Proof::Broken { .. } => 3,
        };
        let proofs = promises.iter().map(|promise| promise.judge(tasks, revision));
        let none =
            || if tasks.iter().any(|task| task.last_status == "RUNNING") { Proof::Silent } else { Proof::NoTasks };
        proofs.max_by_key(rank).unwrap_or_else(none)
    }

    /// Judges the running tasks of a deployment, and the service revision's own record where there is one.
    #[must_use]
    pub(crate) fn judge(&self, tasks: &[Task], revision: Option<&Revision>) -> Proof {
        let running: Vec<&Task> = tasks.iter().filter(|task| task.last_status == "RUNNING").collect();
        if running.is_empty() {
            return Proof::NoTasks;
        }
        let recorded = revision.iter().flat_map(|revision| &revision.container_images);
        let recorded = recorded.filter(|image| image.container_name == self.container);
        let recorded: Vec<&str> = recorded.filter_map(|image| image.image_digest.as_deref()).collect();
        if let Some(other) = recorded.iter().find(|digest| !self.keeps(digest)) {
            return Proof::Broken { seen: format!("the service revision records {other}") };
        }
        let mut silent = 0;
        for task in &running {
            let container = task.containers.iter().find(|container| container.name == self.container);
            match container.and_then(|container| container.image_digest.as_deref()) {
                Some(digest) if self.keeps(digest) => {}
                Some(other) => return Proof::Broken { seen: format!("task {} runs {other}", task.id()) },
                None => silent += 1,
            }
        }
        // A task that does not say is vouched for by the revision it was made from, and by nothing else.
        if silent > 0 && recorded.is_empty() { Proof::Silent } else { Proof::Kept { tasks: running.len() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn task(status: &str, container: &str, digest: Option<Digest>) -> Value {
        json!({"taskArn": "a/t", "lastStatus": status, "containers": [{"name": container, "imageDigest": digest}]})
    }

    #[test]
    fn without_a_promise_running_tasks_are_silent_and_others_are_none() {
        let proof = |tasks: &[&str]| {
            let tasks = tasks.iter().map(|status| serde_json::from_value(task(status, "api", None)).unwrap());
            Promise::judge_all(&[], &tasks.collect::<Vec<Task>>(), None)
        };
        assert_eq!(proof(&[]), Proof::NoTasks);
        assert_eq!(proof(&["PENDING"]), Proof::NoTasks);
        assert_eq!(proof(&["RUNNING"]), Proof::Silent);
        assert_eq!(proof(&["PENDING", "RUNNING"]), Proof::Silent);
    }

    #[test]
    fn only_equality_of_every_running_task_keeps_the_promise() {
        let promise = Promise { container: "api".into(), digest: digest("good"), platforms: [digest("arm")].into() };
        let (good, arm, bad) = (Some(digest("good")), Some(digest("arm")), Some(digest("bad")));
        let recorded = |digest: Digest| json!([{"containerName": "api", "imageDigest": digest}]);
        let broken = |seen: String| Proof::Broken { seen };
        let bad_task = broken(format!("task t runs {}", digest("bad")));
        for (tasks, images, wanted) in [
            (vec![task("RUNNING", "api", good)], json!([]), Proof::Kept { tasks: 1 }),
            (vec![task("RUNNING", "api", good), task("RUNNING", "api", arm)], json!([]), Proof::Kept { tasks: 2 }),
            (vec![task("RUNNING", "api", good), task("RUNNING", "api", bad)], json!([]), bad_task.clone()),
            (vec![task("RUNNING", "api", bad)], recorded(digest("good")), bad_task),
            (
                vec![task("RUNNING", "api", good)],
                recorded(digest("bad")),
                broken(format!("the service revision records {}", digest("bad"))),
            ),
            (vec![task("RUNNING", "api", good), task("STOPPED", "api", bad)], json!([]), Proof::Kept { tasks: 1 }),
            (vec![task("RUNNING", "other", bad)], json!([]), Proof::Silent),
            (vec![task("RUNNING", "api", None)], json!([]), Proof::Silent),
            (vec![task("RUNNING", "api", None)], recorded(digest("good")), Proof::Kept { tasks: 1 }),
            (vec![task("PENDING", "api", good)], recorded(digest("good")), Proof::NoTasks),
            (vec![], recorded(digest("good")), Proof::NoTasks),
        ] {
            let parsed: Vec<Task> = serde_json::from_value(json!(tasks)).unwrap();
            let revision: Revision = serde_json::from_value(json!({"containerImages": images})).unwrap();
            assert_eq!(promise.judge(&parsed, Some(&revision)), wanted, "{tasks:?} {images}");
        }
    }
}
