//! Services that answer over HTTP, and who answers when the load balancer is asked.

use crate::world::World;
use aws::Service as Api;
use oci::{
    Platform,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use subject::ImageRef;

/// How often who answered, and what went wrong where nobody did.
type Seen = (BTreeMap<String, usize>, Vec<String>);

/// Requests over and over, until it is dropped or stopped.
pub(crate) struct Crowd {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    work: tokio::task::JoinHandle<()>,
}

impl Crowd {
    /// Begins to ask.
    pub(crate) fn asking(url: &str) -> Self {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Seen::default())));
        let (url, halt, record) = (format!("{url}/orders"), Arc::clone(&stop), Arc::clone(&seen));
        let work = tokio::spawn(async move {
            let client = transport::client(transport::Limits::default()).unwrap();
            while !halt.load(Ordering::SeqCst) {
                let answer = client.get(&url).send().await;
                let what = match answer {
                    Ok(answer) if answer.status() == 200 => Ok(answer.text().await.unwrap()),
                    Ok(answer) => Err(format!("{}", answer.status())),
                    Err(error) => Err(error.to_string()),
                };
                {
                    let mut record = record.lock().unwrap();
                    match what {
                        Ok(flavour) => *record.0.entry(flavour).or_default() += 1,
                        Err(problem) => record.1.push(problem),
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        Self { stop, seen, work }
    }

    /// Stops asking: how often who answered; nobody may have gone unanswered.
    pub(crate) async fn satisfied(self) -> BTreeMap<String, usize> {
        self.stop.store(true, Ordering::SeqCst);
        self.work.await.unwrap();
        let seen = self.seen.lock().unwrap();
        assert!(seen.1.is_empty(), "{} requests failed: {:?}", seen.1.len(), &seen.1[..seen.1.len().min(5)]);
        seen.0.clone()
    }
}

impl World {
    /// Builds and pushes an image that answers every request with its flavour.
    pub(crate) async fn server(&self, flavour: &str) -> ImageRef {
        let layout = Layout::create(self.folder.path().join(format!("server-{flavour}"))).unwrap();
        let contents = Contents::new().file("app/server.py", 0o644, include_bytes!("server.py").as_slice());
        let builder = Builder::new(Platform::linux("amd64")).layer("server", contents).working_dir("/app");
        let builder = builder.entrypoint(["/usr/bin/python3"]).cmd(["server.py"]).env("FLAVOUR", flavour);
        builder.build(&layout, None).unwrap();
        let repository = format!("{}/app", self.sandbox.registry_host()).parse().unwrap();
        push_layout(&self.registry, &layout, &repository, Some(flavour)).await.unwrap()
    }

    /// The service `s` behind a load balancer, settled; with a second target group where `shifting`.
    pub(crate) async fn behind_balancer(&self, image: &ImageRef, shifting: bool) -> Value {
        let wanted = json!({"cluster": "c", "service": "s", "image": image.to_string(), "container_port": 8080,
            "health_check_path": "/healthz", "desired_count": 1, "second_target_group": shifting});
        let client = transport::client(transport::Limits::default()).unwrap();
        let url = format!("{}/_sandbox/services", self.sandbox.endpoint());
        let answer = client.post(url).json(&wanted).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        let built = answer.json().await.unwrap();
        self.until("the service has settled", |service| service["deployments"][0]["rolloutState"] == "COMPLETED").await;
        built
    }

    /// The service `s` with CodeDeploy as its controller, its first task set steady.
    pub(crate) async fn with_code_deploy(&self, image: &ImageRef) -> Value {
        let wanted = json!({"cluster": "c", "service": "s", "image": image.to_string(), "container_port": 8080,
            "health_check_path": "/healthz", "desired_count": 1, "deployment_controller": "CODE_DEPLOY"});
        let client = transport::client(transport::Limits::default()).unwrap();
        let url = format!("{}/_sandbox/services", self.sandbox.endpoint());
        let answer = client.post(url).json(&wanted).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        let built = answer.json().await.unwrap();
        self.until("it is steady", |service| service["taskSets"][0]["stabilityStatus"] == "STEADY_STATE").await;
        built
    }

    /// Has a listener's default rule forward to these groups with these weights.
    pub(crate) async fn weigh(&self, listener: &str, groups: [(&str, &str); 2]) {
        let mut parameters =
            vec![("ListenerArn".to_owned(), listener), ("DefaultActions.member.1.Type".into(), "forward")];
        for (place, (group, weight)) in groups.into_iter().enumerate() {
            let name = format!("DefaultActions.member.1.ForwardConfig.TargetGroups.member.{}", place + 1);
            parameters.extend([(format!("{name}.TargetGroupArn"), group), (format!("{name}.Weight"), weight)]);
        }
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.aws.load_balancing("ModifyListener", &parameters).await.unwrap();
    }

    /// A second service `t` of no task, with a target group of its own behind the same listener.
    pub(crate) async fn other_side(&self, listener: &str, group: &str) -> String {
        let first = group;
        let fields = [
            ("Name", "other"),
            ("Protocol", "HTTP"),
            ("Port", "8080"),
            ("TargetType", "ip"),
            ("HealthCheckPath", "/healthz"),
            ("HealthCheckIntervalSeconds", "1"),
            ("HealthyThresholdCount", "2"),
            ("UnhealthyThresholdCount", "2"),
        ];
        let made = self.aws.load_balancing("CreateTargetGroup", &fields).await.unwrap();
        let group = made.members(&["TargetGroups"]).next().unwrap().text_at(&["TargetGroupArn"]).unwrap().to_owned();
        self.weigh(listener, [(first, "1"), (&group, "0")]).await;
        let definition = self.described().await["taskDefinition"].clone();
        let balancer = json!([{"targetGroupArn": group, "containerName": "s", "containerPort": 8080}]);
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        self.ecs(
            "CreateService",
            json!({"cluster": "c", "serviceName": "t", "taskDefinition": definition, "desiredCount": 0,
                "loadBalancers": balancer, "networkConfiguration": network, "launchType": "FARGATE"}),
        )
        .await;
        for _ in 0..200 {
            let listed = self.ecs("ListServiceDeployments", json!({"cluster": "c", "service": "t"})).await;
            if listed["serviceDeployments"][0]["status"] == "SUCCESSFUL" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        group
    }

    /// The weights of a listener's default rule by target group.
    pub(crate) async fn weights(&self, listener: &str) -> BTreeMap<String, String> {
        let answer =
            self.aws.load_balancing("DescribeListeners", &[("ListenerArns.member.1", listener)]).await.unwrap();
        let listener = answer.members(&["Listeners"]).next().unwrap();
        let action = listener.members(&["DefaultActions"]).next().unwrap();
        let text = |group: &aws::Element, name: &str| group.text_at(&[name]).unwrap().to_owned();
        let groups = action.members(&["ForwardConfig", "TargetGroups"]);
        groups.map(|group| (text(group, "TargetGroupArn"), text(group, "Weight"))).collect()
    }

    /// The tags of a service.
    pub(crate) async fn tags(&self, service: &str) -> Vec<String> {
        let arn = format!("arn:aws:ecs:eu-west-1:123456789012:service/c/{service}");
        let answer = self.aws.json(Api::Ecs, "ListTagsForResource", &json!({"resourceArn": arn})).await.unwrap();
        let tags = answer["tags"].as_array().unwrap().iter();
        tags.map(|tag| format!("{}={}", tag["key"].as_str().unwrap(), tag["value"].as_str().unwrap())).collect()
    }

    /// A program in the workspace, to be asked as a gate.
    pub(crate) fn gate(&self, name: &str, script: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::process::Command::new("chmod").arg("+x").arg(&path).status().unwrap();
        path.display().to_string()
    }
}
