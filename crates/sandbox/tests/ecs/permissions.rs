//! The permission simulator: a policy that is enough for a deployment, and not enough without any of its statements.

use crate::world::World;
use serde_json::{Value, json};

/// A client with the credentials of a role.
struct Deployer<'a> {
    world: &'a World,
    key: String,
    token: String,
}

impl<'a> Deployer<'a> {
    async fn assume(world: &'a World) -> Self {
        let form =
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=job-1&RoleArn=arn:aws:iam::123456789012:role/deploy";
        let request = world.http.post(world.endpoint()).header("authorization", signature("AKIAIOSFODNN7EXAMPLE"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.unwrap().text().await.unwrap();
        let field = |name: &str| {
            let rest = answer.split_once(&format!("<{name}>")).unwrap().1;
            rest.split_once('<').unwrap().0.to_owned()
        };
        Self { world, key: field("AccessKeyId"), token: field("SessionToken") }
    }

    async fn send(&self, target: Option<&str>, body: String) -> (u16, String) {
        let request = self.world.http.post(self.world.endpoint()).header("authorization", signature(&self.key));
        let request = request.header("x-amz-security-token", &self.token).body(body);
        let request = match target {
            Some(target) => request.header("x-amz-target", target),
            None => request.header("content-type", "application/x-www-form-urlencoded"),
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn ecs(&self, operation: &str, input: Value) -> Result<Value, Value> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let (status, text) = self.send(Some(&target), input.to_string()).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        if status == 200 { Ok(answer) } else { Err(answer) }
    }

    /// A whole deployment: reads, registers, updates, follows, looks at the rule; or the first refusal.
    async fn deploy(&self, built: &Value, definition: &Value) -> Result<(), Value> {
        let service = json!({"cluster": "production", "service": "web"});
        self.ecs("DescribeServices", json!({"cluster": "production", "services": ["web"]})).await?;
        let made = self.ecs("RegisterTaskDefinition", definition.clone()).await?;
        let arn = made["taskDefinition"]["taskDefinitionArn"].clone();
        self.ecs("UpdateService", json!({"cluster": "production", "service": "web", "taskDefinition": arn})).await?;
        let listed = self.ecs("ListServiceDeployments", service).await?;
        let deployment = listed["serviceDeployments"][0]["serviceDeploymentArn"].clone();
        self.ecs("DescribeServiceDeployments", json!({"serviceDeploymentArns": [deployment]})).await?;
        let rule = built["production_rule_arn"].as_str().unwrap();
        let form = format!("Action=DescribeRules&Version=2015-12-01&RuleArns.member.1={rule}");
        let (status, text) = self.send(None, form).await;
        if status == 200 { Ok(()) } else { Err(text.into()) }
    }
}

fn signature(key: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential={key}/20261130/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=0")
}

fn statements() -> Vec<Value> {
    let allow = |actions: &[&str], resource: &str| json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    vec![
        allow(&["ecs:RegisterTaskDefinition"], "*"),
        allow(
            &["ecs:DescribeServices", "ecs:UpdateService", "ecs:ListServiceDeployments"],
            "arn:aws:ecs:*:123456789012:service/production/web",
        ),
        allow(&["ecs:DescribeServiceDeployments"], "arn:aws:ecs:*:123456789012:service-deployment/production/web/*"),
        json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/task",
               "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}),
        allow(&["elasticloadbalancing:DescribeRules"], "*"),
    ]
}

async fn give(world: &World, statements: &[Value]) {
    let policies = json!({"deploy": {"Version": "2012-10-17", "Statement": statements}});
    let answer =
        world.http.put(format!("{}/_sandbox/policies", world.endpoint())).json(&policies).send().await.unwrap();
    assert!(answer.status().is_success());
}

#[tokio::test]
async fn a_policy_is_enough_with_all_its_statements_and_with_none_left_out() {
    let world = World::new().await;
    let built = world.shifting_service(1, json!({"strategy": "ROLLING"})).await;
    let current = world.web().await["taskDefinition"].clone();
    let container = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": current})).await.unwrap();
    let container = container["taskDefinition"]["containerDefinitions"].clone();
    let definition = json!({"family": "web", "networkMode": "awsvpc", "containerDefinitions": container,
        "taskRoleArn": "arn:aws:iam::123456789012:role/task"});
    let deployer = Deployer::assume(&world).await;
    deployer.deploy(&built, &definition).await.expect("a role without a policy may do everything");
    let all = statements();
    give(&world, &all).await;
    deployer.deploy(&built, &definition).await.expect("the whole policy is enough");
    for left_out in 0..all.len() {
        let mut fewer = all.clone();
        let gone = fewer.remove(left_out);
        give(&world, &fewer).await;
        let refused = deployer.deploy(&built, &definition).await.expect_err(&format!("without {gone}"));
        assert!(refused.to_string().contains("is not authorized to perform"), "{refused}");
    }
    world.ecs("DescribeServices", json!({"cluster": "production", "services": ["web"]})).await.unwrap();
}

#[tokio::test]
async fn a_refusal_names_who_what_and_where_as_aws_does() {
    let world = World::new().await;
    world.good_service(1).await;
    let deployer = Deployer::assume(&world).await;
    give(&world, &[]).await;
    let update = json!({"cluster": "production", "service": "web", "desiredCount": 1});
    let error = deployer.ecs("UpdateService", update.clone()).await.unwrap_err();
    assert_eq!(error["__type"], "AccessDeniedException");
    assert_eq!(
        error["message"],
        "User: arn:aws:sts::123456789012:assumed-role/deploy/job-1 is not authorized to perform: ecs:UpdateService on \
         resource: arn:aws:ecs:eu-west-1:123456789012:service/production/web because no identity-based policy allows the \
         ecs:UpdateService action"
    );
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let denial = json!({"Effect": "Deny", "Action": "ecs:UpdateService", "Resource": "*"});
    give(&world, &[everything, denial]).await;
    let error = deployer.ecs("UpdateService", update).await.unwrap_err();
    assert!(
        error["message"].as_str().unwrap().ends_with("with an explicit deny in an identity-based policy"),
        "{error}"
    );

    let wrong = json!({"deploy": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {}}}]}});
    let answer = world.http.put(format!("{}/_sandbox/policies", world.endpoint())).json(&wrong).send().await.unwrap();
    assert_eq!(answer.status(), 400, "what is not simulated is not accepted");
}

#[tokio::test]
async fn credentials_end_when_that_is_asked_for() {
    let world = World::new().await;
    world.good_service(1).await;
    let deployer = Deployer::assume(&world).await;
    let ask = json!({"cluster": "production", "services": ["web"]});
    deployer.ecs("DescribeServices", ask.clone()).await.unwrap();
    world.fault(json!("expire_credentials")).await;
    assert_eq!(deployer.ecs("DescribeServices", ask.clone()).await.unwrap_err()["__type"], "ExpiredTokenException");
    Deployer::assume(&world).await.ecs("DescribeServices", ask).await.unwrap();
}
