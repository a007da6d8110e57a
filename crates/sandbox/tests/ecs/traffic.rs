//! The load balancer carries real HTTP and its metrics tell what happened.

use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The values of one metric of the service's load balancer over the last minutes, by the second.
async fn metric(world: &World, built: &Value, name: &str, stat: &str) -> Vec<f64> {
    let dimensions = built["cloudwatch_dimensions"].as_object().unwrap();
    let dimensions: Vec<Value> = dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    let now = jiff::Timestamp::now().as_second();
    let query = json!({
        "StartTime": now - 120, "EndTime": now + 5,
        "MetricDataQueries": [{"Id": "m", "MetricStat": {
            "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions},
            "Period": 1, "Stat": stat,
        }}],
    });
    let answer = world.cloudwatch("GetMetricData", query).await.unwrap();
    answer["MetricDataResults"][0]["Values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[tokio::test]
async fn requests_go_to_every_healthy_task_in_turn_and_are_counted() {
    let world = World::new().await;
    let built = world.good_service(3).await;
    let url = built["url"].as_str().unwrap();
    let mut hosts = BTreeSet::new();
    for _ in 0..30 {
        hosts.insert(world.http.get(format!("{url}/orders?a=1")).send().await.unwrap().text().await.unwrap());
    }
    assert_eq!(hosts.len(), 3, "{hosts:?}");
    let posted = world.http.post(url).body("x".repeat(100_000)).send().await.unwrap();
    assert_eq!((posted.status().as_u16(), posted.text().await.unwrap().len()), (201, 100_000));

    assert_eq!(metric(&world, &built, "RequestCount", "Sum").await.iter().sum::<f64>(), 31.0);
    assert_eq!(metric(&world, &built, "HTTPCode_Target_2XX_Count", "Sum").await.iter().sum::<f64>(), 31.0);
    assert!(metric(&world, &built, "HTTPCode_Target_5XX_Count", "Sum").await.is_empty(), "absent when there are none");
    let times = metric(&world, &built, "TargetResponseTime", "p95").await;
    assert!(!times.is_empty() && times.iter().all(|seconds| (0.0..5.0).contains(seconds)), "{times:?}");
    world
        .until("three hosts are counted healthy", async || {
            let seen = metric(&world, &built, "HealthyHostCount", "Maximum").await;
            if seen.contains(&3.0) { Ok(()) } else { Err(seen.into()) }
        })
        .await;
}

#[tokio::test]
async fn errors_of_a_healthy_release_show_in_the_metrics() {
    let world = World::new().await;
    let built = world.good_service(1).await;
    let image = world.image("erroring").await;
    world.deploy(&image).await;
    world.deployed("SUCCESSFUL").await;
    let url = built["url"].as_str().unwrap();
    for path in ["orders", "orders", "healthz"] {
        world.http.get(format!("{url}/{path}")).send().await.unwrap();
    }
    assert_eq!(metric(&world, &built, "HTTPCode_Target_5XX_Count", "Sum").await.iter().sum::<f64>(), 2.0);
}

#[tokio::test]
async fn the_load_balancer_answers_for_targets_that_cannot() {
    let world = World::new().await;
    let built = world.good_service(1).await;
    let url = built["url"].as_str().unwrap();
    let died = world.http.get(format!("{url}/die")).send().await.unwrap();
    assert_eq!(died.status(), 502);
    assert_eq!(died.headers()["server"], "awselb/2.0");
    world.update(json!({"desiredCount": 0})).await;
    world
        .until("nobody is left to ask", async || {
            let status = world.http.get(url).send().await.unwrap().status().as_u16();
            if status == 503 { Ok(()) } else { Err(json!(status)) }
        })
        .await;
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_its_task_is_told_to_end() {
    let world = World::new().await;
    let built = world.good_service(1).await;
    let slow = world.http.get(format!("{}/slow", built["url"].as_str().unwrap())).send();
    let deploy = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let image = world.image("better").await;
        world.deploy(&image).await;
    };
    let (slow, ()) = tokio::join!(slow, deploy);
    assert_eq!(slow.unwrap().status(), 200);
    world.deployed("SUCCESSFUL").await;
}

#[tokio::test]
async fn what_a_task_printed_can_be_read_from_its_log_stream() {
    let world = World::new().await;
    world.good_service(1).await;
    let task = world.truth().await["tasks"][0]["id"].as_str().unwrap().to_owned();
    let input = json!({"logGroupName": "/ecs/production/web", "logStreamName": format!("ecs/web/{task}")});
    let answer = world.logs("GetLogEvents", input).await.unwrap();
    assert_eq!(answer["events"][0]["message"], "serving good");
}
