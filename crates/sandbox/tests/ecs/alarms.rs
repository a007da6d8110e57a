//! Alarms that hear real traffic, and deployments that listen to them.

use crate::{
    shifting::{answer, waiting_hook},
    world::World,
};
use serde_json::{Value, json};

/// An alarm on the errors of a service's targets.
async fn on_errors(world: &World, built: &Value) {
    let balancer = json!([{"Name": "LoadBalancer", "Value": built["cloudwatch_dimensions"]["LoadBalancer"]}]);
    let alarm = json!({
        "AlarmName": "errors", "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count",
        "Dimensions": balancer, "Statistic": "Sum", "Period": 1, "EvaluationPeriods": 1, "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
    });
    world.cloudwatch("PutMetricAlarm", alarm).await.unwrap();
    state(world, "OK").await;
}

async fn state(world: &World, wanted: &str) -> Value {
    world
        .until(&format!("the alarm is {wanted}"), async || {
            let answer = world.cloudwatch("DescribeAlarms", json!({"AlarmNames": ["errors"]})).await.unwrap();
            let alarm = answer["MetricAlarms"][0].clone();
            if alarm["StateValue"] == wanted { Ok(alarm) } else { Err(alarm) }
        })
        .await
}

fn watched(mut configuration: Value) -> Value {
    configuration["alarms"] = json!({"alarmNames": ["errors"], "enable": true, "rollback": true});
    configuration
}

#[tokio::test]
async fn errors_of_a_canary_ring_the_alarm_that_takes_it_back() {
    let world = World::new().await;
    let configuration = json!({
        "strategy": "CANARY", "bakeTimeInMinutes": 0,
        "canaryConfiguration": {"canaryPercent": 50.0, "canaryBakeTimeInMinutes": 0},
        "lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}],
    });
    let built = world.shifting_service(1, json!({"strategy": "ROLLING"})).await;
    on_errors(&world, &built).await;
    world.update(json!({"deploymentConfiguration": watched(configuration)})).await;
    let image = world.image("erroring").await;
    let arn = world.deploy(&image).await;
    let (hook, deployment) = waiting_hook(&world, &arn).await;
    assert_eq!(
        deployment["alarms"],
        json!({"status": "MONITORING", "alarmNames": ["errors"], "triggeredAlarmNames": []})
    );
    answer(&world, &arn, &hook, "CONTINUE").await;
    waiting_hook(&world, &arn).await;
    let url = built["url"].as_str().unwrap();
    let ended = world
        .until("it is rolled back", async || {
            world.http.get(format!("{url}/orders")).send().await.unwrap();
            let deployment = world.deployment(&arn).await;
            if deployment["status"] == "ROLLBACK_SUCCESSFUL" { Ok(deployment) } else { Err(deployment) }
        })
        .await;
    assert_eq!(ended["alarms"]["status"], "TRIGGERED");
    assert_eq!(ended["alarms"]["triggeredAlarmNames"], json!(["errors"]));
    assert!(world.events().await.iter().any(|text| text.contains("deployment failed: alarm detected.")));
    assert_eq!(world.flavours(url, 20).await.into_keys().collect::<Vec<_>>(), ["good"]);

    let history = json!({"AlarmName": "errors", "HistoryItemType": "StateUpdate"});
    let history = world.cloudwatch("DescribeAlarmHistory", history).await.unwrap();
    let summaries: Vec<&str> = history["AlarmHistoryItems"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["HistorySummary"].as_str())
        .collect();
    assert!(summaries.contains(&"Alarm updated from OK to ALARM"), "{summaries:?}");
}

#[tokio::test]
async fn an_alarm_that_rings_already_is_ignored_for_the_whole_deployment() {
    let world = World::new().await;
    let built = world.good_service(1).await;
    on_errors(&world, &built).await;
    let always = json!({
        "AlarmName": "errors", "Namespace": "x", "MetricName": "y", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "breaching",
    });
    world.cloudwatch("PutMetricAlarm", always).await.unwrap();
    let alarm = state(&world, "ALARM").await;
    assert!(alarm["StateReason"].as_str().unwrap().contains("treated as [Breaching]"), "{alarm}");
    world.update(json!({"deploymentConfiguration": watched(json!({}))})).await;
    let image = world.image("better").await;
    let arn = world.deploy(&image).await;
    world.deployed("SUCCESSFUL").await;
    assert_eq!(world.deployment(&arn).await["alarms"]["status"], "DISABLED");
}

#[tokio::test]
async fn a_state_set_by_hand_takes_a_rolling_deployment_back() {
    let world = World::new().await;
    world.good_service(1).await;
    let calm = json!({
        "AlarmName": "errors", "Namespace": "x", "MetricName": "y", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "ignore",
    });
    world.cloudwatch("PutMetricAlarm", calm).await.unwrap();
    world.update(json!({"deploymentConfiguration": watched(json!({}))})).await;
    let image = world.image("unhealthy").await;
    let arn = world.deploy(&image).await;
    world
        .until("it is in progress", async || {
            let deployment = world.deployment(&arn).await;
            if deployment["alarms"]["status"] == "MONITORING" && deployment["status"] == "IN_PROGRESS" {
                Ok(())
            } else {
                Err(deployment)
            }
        })
        .await;
    let ring = json!({"AlarmName": "errors", "StateValue": "ALARM", "StateReason": "by hand"});
    world.cloudwatch("SetAlarmState", ring).await.unwrap();
    world.deployed("ROLLBACK_SUCCESSFUL").await;
    assert_eq!(world.deployment(&arn).await["alarms"]["triggeredAlarmNames"], json!(["errors"]));
}
