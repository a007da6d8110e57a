//! Two runs at one service, in many interleavings: nobody stops or continues what the other has begun.

use crate::world::{Ran, World};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The ARNs after these words in a log.
fn arns(ran: &Ran, words: &str) -> BTreeSet<String> {
    let after = ran.log.lines().filter_map(|line| line.split_once(words));
    after.map(|(_, rest)| rest.split([':', ' ']).take(6).collect::<Vec<_>>().join(":")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_of_two_runs_stops_what_the_other_has_begun() {
    let world = World::new().await;
    let old = world.server("old").await;
    world.behind_balancer(&old, false).await;
    let (a, b) = (world.server("a").await.to_string(), world.server("unhealthy").await.to_string());
    for (round, pause, signal) in
        [(1, 0, None), (2, 150, Some("TERM")), (3, 500, None), (4, 900, Some("INT")), (5, 1500, None)]
    {
        let inputs = |image: &str| {
            vec![("image", image.to_owned()), ("on-competing", "supersede".into()), ("wait-minutes", "0.1".into())]
        };
        let start = |run: u32, image: &str| {
            let inputs = inputs(image);
            let inputs: Vec<(&str, &str)> = inputs.iter().map(|(name, value)| (*name, value.as_str())).collect();
            (
                world.start(run, "main", &inputs, &BTreeMap::new()),
                inputs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>(),
            )
        };
        let first = start(round * 10, if round % 2 == 0 { &a } else { &b });
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let second = start(round * 10 + 1, if round % 2 == 0 { &b } else { &a });
        if let Some(signal) = signal {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            second.0.try_signal(signal);
        }
        let mut begun: Vec<BTreeSet<String>> = Vec::new();
        let mut touched: Vec<BTreeSet<String>> = Vec::new();
        for (run, (step, inputs)) in [(round * 10, first), (round * 10 + 1, second)] {
            let ran = step.end();
            let inputs: Vec<(&str, &str)> =
                inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let post = world.post(run, &inputs, &ran);
            begun.push(arns(&ran, "our deployment is ").union(&arns(&post, "our deployment is ")).cloned().collect());
            touched.push(arns(&ran, "taking back ").union(&arns(&post, "taking back ")).cloned().collect());
        }
        assert!(touched[0].is_disjoint(&begun[1]) && touched[1].is_disjoint(&begun[0]), "{begun:?} {touched:?}");
        assert!(begun[0].is_disjoint(&begun[1]), "{begun:?}");
        world
            .until("somebody has come to an end", |service| service["deployments"].as_array().unwrap().len() == 1)
            .await;
    }
}
