//! The sandbox as a program: its greeting, and that nothing outlives it however it ends.

use crate::world::World;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// A sandbox process and a client of it.
async fn serve() -> (Child, World) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lockkeeper-sandbox"))
        .arg("serve")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut greeting = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
    let greeting: Value = serde_json::from_str(&greeting).unwrap();
    let endpoint = greeting["endpoint"].as_str().unwrap();
    assert_eq!(greeting["env"]["AWS_ENDPOINT_URL"], endpoint);
    assert_eq!(greeting["env"]["AWS_REGION"], "eu-west-1");
    let world = World::at(endpoint.to_owned()).await;
    (child, world)
}

/// Whether the process is there and is no zombie.
fn is_alive(pid: u64) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

#[tokio::test]
async fn its_tasks_end_with_it_whether_it_is_asked_or_killed() {
    for signal in [Signal::TERM, Signal::KILL] {
        let (mut child, world) = serve().await;
        world.good_service(2).await;
        let tasks = world.truth().await["tasks"].clone();
        let tasks = tasks.as_array().unwrap();
        let pids: Vec<u64> = tasks.iter().filter_map(|task| task["containers"][0]["pid"].as_u64()).collect();
        assert_eq!(pids.iter().filter(|pid| is_alive(**pid)).count(), 2);

        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.success(), signal == Signal::TERM, "{status}");
        world
            .until(&format!("every task is gone after {signal:?}"), async || {
                if pids.iter().any(|pid| is_alive(*pid)) { Err(pids.clone().into()) } else { Ok(()) }
            })
            .await;
    }
}
