//! Deployments by CodeDeploy: traffic moves between task sets, waits where it is told to, and goes back.

use crate::world::World;
use sandbox::Pace;
use serde_json::{Value, json};
use std::time::Duration;

struct Shop {
    world: World,
    built: Value,
}

impl Shop {
    /// A service whose first task set is in place; a minute of waiting is two seconds.
    async fn new() -> Self {
        let world = World::paced(Pace { minute: Duration::from_secs(2), ..Pace::default() }).await;
        let wanted = json!({
            "cluster": "production", "service": "web", "image": world.image("good").await, "container_port": 8080,
            "health_check_path": "/healthz", "desired_count": 1, "deployment_controller": "CODE_DEPLOY",
        });
        let built = world.admin("services", &wanted).await;
        let shop = Self { world, built };
        let steady = async || {
            let web = shop.world.web().await;
            if web["taskSets"][0]["stabilityStatus"] == "STEADY_STATE" { Ok(()) } else { Err(web) }
        };
        shop.world.until("the first task set is steady", steady).await;
        shop
    }

    fn url(&self) -> &str {
        self.built["url"].as_str().unwrap()
    }

    /// The input of a deployment of this flavour.
    async fn order(&self, flavour: &str, config: &str) -> Value {
        let image = self.world.image(flavour).await;
        let definition = self.world.revision(&image).await;
        let app_spec = json!({"version": 1, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": definition, "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080}}}}]});
        json!({
            "applicationName": self.built["application_name"],
            "deploymentGroupName": self.built["deployment_group_name"],
            "deploymentConfigName": config,
            "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": app_spec.to_string()}},
        })
    }

    async fn deploy(&self, flavour: &str, config: &str) -> String {
        let order = self.order(flavour, config).await;
        let answer = self.world.code_deploy("CreateDeployment", order).await.unwrap();
        answer["deploymentId"].as_str().unwrap().to_owned()
    }

    async fn info(&self, id: &str) -> Value {
        let answer = self.world.code_deploy("GetDeployment", json!({"deploymentId": id})).await.unwrap();
        answer["deploymentInfo"].clone()
    }

    async fn target(&self, id: &str) -> Value {
        let input = json!({"deploymentId": id, "targetId": "production:web"});
        self.world.code_deploy("GetDeploymentTarget", input).await.unwrap()["deploymentTarget"]["ecsTarget"].clone()
    }

    async fn until_status(&self, id: &str, status: &str) -> Value {
        self.world
            .until(&format!("{id} is {status}"), async || {
                self.world.flavours(self.url(), 3).await;
                let info = self.info(id).await;
                if info["status"] == status { Ok(info) } else { Err(info) }
            })
            .await
    }

    /// Waits until green has that share of the production traffic.
    async fn until_weight(&self, id: &str, weight: f64) {
        self.world
            .until(&format!("green has {weight} percent"), async || {
                let target = self.target(id).await;
                if target["taskSetsInfo"][1]["trafficWeight"] == weight { Ok(()) } else { Err(target) }
            })
            .await;
    }

    async fn only(&self, flavour: &str) {
        assert_eq!(self.world.flavours(self.url(), 20).await.into_keys().collect::<Vec<_>>(), [flavour]);
    }
}

#[tokio::test]
async fn a_canary_gets_its_share_then_everything_and_blue_goes_after_its_wait() {
    let shop = Shop::new().await;
    let blue = shop.world.web().await["taskSets"][0].clone();
    let id = shop.deploy("better", "CodeDeployDefault.ECSCanary10Percent5Minutes").await;
    shop.until_weight(&id, 10.0).await;
    let again = shop.order("good", "CodeDeployDefault.ECSAllAtOnce").await;
    let error = shop.world.code_deploy("CreateDeployment", again).await.unwrap_err();
    assert_eq!(error["__type"], "DeploymentLimitExceededException");
    assert!(error["message"].as_str().unwrap().contains(&id), "{error}");
    let events = shop.target(&id).await["lifecycleEvents"].clone();
    let status = |name: &str| {
        let events = events.as_array().unwrap();
        events.iter().find(|event| event["lifecycleEventName"] == name).unwrap()["status"].clone()
    };
    assert_eq!(
        (status("Install"), status("AllowTraffic"), status("AfterAllowTraffic")),
        (json!("Succeeded"), json!("InProgress"), json!("Pending"))
    );
    shop.world.admin("clock", &json!({"skip_seconds": 10})).await;
    shop.until_weight(&id, 100.0).await;
    shop.only("better").await;
    let web = shop.world.web().await;
    assert_eq!((&web["deployments"], web["taskSets"].as_array().unwrap().len()), (&json!([]), 2), "blue is kept");
    assert_ne!(web["taskSets"][0]["id"], blue["id"], "green is primary");
    assert_eq!(shop.info(&id).await["status"], "InProgress", "as CodeDeploy has it until blue is gone");

    shop.world
        .until("blue waits for its end", async || {
            let info = shop.info(&id).await;
            if info["instanceTerminationWaitTimeStarted"] == true { Ok(()) } else { Err(info) }
        })
        .await;
    let end = json!({"deploymentId": id, "deploymentWaitType": "TERMINATION_WAIT"});
    shop.world.code_deploy("ContinueDeployment", end).await.unwrap();
    let info = shop.until_status(&id, "Succeeded").await;
    assert_eq!((&info["creator"], &info["deploymentOverview"]["Succeeded"]), (&json!("user"), &json!(1)));
    let web = shop.world.web().await;
    assert_eq!(web["taskSets"].as_array().unwrap().len(), 1);
    assert_eq!(web["taskSets"][0]["loadBalancers"][0]["targetGroupArn"], shop.built["alternate_target_group_arn"]);
}

#[tokio::test]
async fn a_stopped_deployment_is_taken_back_by_a_deployment_of_its_own() {
    let shop = Shop::new().await;
    let id = shop.deploy("better", "CodeDeployDefault.ECSLinear10PercentEvery1Minutes").await;
    shop.until_weight(&id, 20.0).await;
    let stop = json!({"deploymentId": id, "autoRollbackEnabled": true});
    let answer = shop.world.code_deploy("StopDeployment", stop.clone()).await.unwrap();
    assert_eq!(answer["status"], "Pending");
    let info = shop.info(&id).await;
    assert_eq!((&info["status"], &info["errorInformation"]["code"]), (&json!("Stopped"), &json!("MANUAL_STOP")));
    let back = info["rollbackInfo"]["rollbackDeploymentId"].as_str().unwrap().to_owned();
    let back = shop.until_status(&back, "Succeeded").await;
    assert_eq!(
        (&back["creator"], &back["rollbackInfo"]["rollbackTriggeringDeploymentId"]),
        (&json!("codeDeployRollback"), &json!(id))
    );
    shop.only("good").await;
    let error = shop.world.code_deploy("StopDeployment", stop).await.unwrap_err();
    assert_eq!(error["__type"], "DeploymentAlreadyCompletedException");
}

#[tokio::test]
async fn one_that_is_stopped_without_a_rollback_stays_as_it_is_and_the_next_puts_it_straight() {
    let shop = Shop::new().await;
    let id = shop.deploy("better", "CodeDeployDefault.ECSLinear10PercentEvery1Minutes").await;
    shop.until_weight(&id, 20.0).await;
    let stop = json!({"deploymentId": id, "autoRollbackEnabled": false});
    shop.world.code_deploy("StopDeployment", stop).await.unwrap();
    assert_eq!(shop.info(&id).await["status"], "Stopped");
    assert!(shop.info(&id).await.get("rollbackInfo").is_none());
    let seen = shop.world.flavours(shop.url(), 100).await;
    assert!(seen.get("better").is_some_and(|count| (10..=30).contains(count)), "{seen:?}");

    let next = shop.deploy("best", "CodeDeployDefault.ECSAllAtOnce").await;
    shop.until_weight(&next, 100.0).await;
    shop.only("best").await;
}

#[tokio::test]
async fn traffic_waits_for_somebody_where_the_group_says_so() {
    let shop = Shop::new().await;
    let group = json!({
        "applicationName": shop.built["application_name"], "deploymentGroupName": "waiting",
        "serviceRoleArn": "arn:aws:iam::123456789012:role/r",
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ecsServices": [{"clusterName": "production", "serviceName": "web"}],
        "loadBalancerInfo": {"targetGroupPairInfoList": [{
            "targetGroups": [{"name": "production-web"}, {"name": "production-web-b"}],
            "prodTrafficRoute": {"listenerArns": [shop.built["listener_arn"]]},
            "testTrafficRoute": {"listenerArns": [shop.built["test_listener_arn"]]},
        }]},
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60},
        },
    });
    shop.world.code_deploy("CreateDeploymentGroup", group).await.unwrap();
    let mut order = shop.order("better", "CodeDeployDefault.ECSAllAtOnce").await;
    order["deploymentGroupName"] = "waiting".into();
    let id =
        shop.world.code_deploy("CreateDeployment", order).await.unwrap()["deploymentId"].as_str().unwrap().to_owned();
    shop.until_status(&id, "Ready").await;
    shop.only("good").await;
    let test = shop.world.flavours(shop.built["test_url"].as_str().unwrap(), 5).await;
    assert_eq!(test.into_keys().collect::<Vec<_>>(), ["better"]);
    let wait = |kind: &str| json!({"deploymentId": id, "deploymentWaitType": kind});
    let early = shop.world.code_deploy("ContinueDeployment", wait("TERMINATION_WAIT")).await.unwrap_err();
    assert_eq!(early["__type"], "DeploymentIsNotInReadyStateException");
    shop.world.code_deploy("ContinueDeployment", wait("READY_WAIT")).await.unwrap();
    shop.until_status(&id, "Succeeded").await;
    shop.only("better").await;
}

#[tokio::test]
async fn the_service_is_changed_by_code_deploy_alone() {
    let shop = Shop::new().await;
    let input = json!({"cluster": "production", "service": "web", "forceNewDeployment": true});
    let error = shop.world.ecs("UpdateService", input).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("Use AWS CodeDeploy"), "{error}");
    let scaled = shop.world.ecs("UpdateService", json!({"cluster": "production", "service": "web", "desiredCount": 2}));
    assert_eq!(scaled.await.unwrap()["service"]["desiredCount"], 2);
    let list = shop.world.ecs("ListServiceDeployments", json!({"cluster": "production", "service": "web"})).await;
    assert_eq!(list.unwrap_err()["__type"], "UnsupportedFeatureException");
}
