//! Waiting for a service's own beginnings to end.

use e2e::world::{Environment, World};
use serde_json::json;

/// Waits until no deployment of the service is in flight, its first one included.
pub(crate) async fn settled(world: &World, environment: &Environment) {
    let open = ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"];
    let filter = json!({ "cluster": environment.cluster, "service": environment.service, "status": open });
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let answer = world.aws("AmazonEC2ContainerServiceV20141113", "ListServiceDeployments", &filter).await.unwrap();
        if answer["serviceDeployments"].as_array().unwrap().is_empty() {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
