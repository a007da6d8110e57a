"""ECS's own strategies that shift traffic: every description on the way of a canary that pauses, goes on and is stopped."""

from exercises.ecs import register


def run(world):
    ecs, elb = world.client("ecs"), world.client("elbv2")
    digest = world.push_image("conformance/web", "v1")
    image = f"{world.host}/conformance/web@{digest}"
    cluster = f"shift-{world.run}"
    ecs.create_cluster(clusterName=cluster)
    front = load_balancer(world, elb)
    ecs.create_service(
        cluster=cluster, serviceName="web", taskDefinition=register(ecs, image), desiredCount=1, launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        loadBalancers=[{
            "targetGroupArn": front["blue"], "containerName": "web", "containerPort": 8080,
            "advancedConfiguration": {
                "alternateTargetGroupArn": front["green"], "productionListenerRule": front["production"],
                "testListenerRule": front["test"], "roleArn": "arn:aws:iam::123456789012:role/ecsInfrastructureRole",
            },
        }],
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0},
    )
    first = ended(world, ecs, cluster)
    world.expect(first["status"] == "SUCCESSFUL", f"the first deployment to be successful, got {first['status']}")
    stable = ecs.get_waiter("services_stable")
    stable.wait(cluster=cluster, services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    canary(world, ecs, elb, cluster, image, front)
    taken_back(world, ecs, cluster, image)
    refusals(world, ecs, cluster)
    ecs.delete_service(cluster=cluster, service="web", force=True)
    inactive = ecs.get_waiter("services_inactive")
    inactive.wait(cluster=cluster, services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def load_balancer(world, elb):
    groups = [elb.create_target_group(
        Name=f"{colour}-{world.run}", Protocol="HTTP", Port=8080, TargetType="ip", VpcId="vpc-1", HealthCheckPath="/",
        HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"] for colour in ("blue", "green")]
    balancer = elb.create_load_balancer(Name=f"shift-{world.run}", Subnets=["subnet-1"])["LoadBalancers"][0]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": groups[0], "Weight": 1}, {"TargetGroupArn": groups[1], "Weight": 0},
    ]}}]
    rules = []
    for port in (80, 9001):
        listener = elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=port, DefaultActions=actions,
        )["Listeners"][0]["ListenerArn"]
        rules.append(elb.describe_rules(ListenerArn=listener)["Rules"][0]["RuleArn"])
    return {"blue": groups[0], "green": groups[1], "production": rules[0], "test": rules[1]}


def newest(ecs, cluster):
    brief = ecs.list_service_deployments(cluster=cluster, service="web")["serviceDeployments"][0]
    arn = brief["serviceDeploymentArn"]
    return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]


def ended(world, ecs, cluster):
    over = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
    world.wait("the deployment to end", lambda: newest(ecs, cluster)["status"] in over)
    return newest(ecs, cluster)


def waiting(world, ecs, cluster):
    look = lambda: [hook for hook in newest(ecs, cluster).get("lifecycleHookDetails", [])
                    if hook["status"] == "AWAITING_ACTION"]
    return world.wait("a hook to wait", look)[0]


def canary(world, ecs, elb, cluster, image, front):
    """Two steps, a pause before each, weights in the rule between them."""
    second = register(ecs, image, environment=[{"name": "VERSION", "value": "2"}])
    ecs.update_service(cluster=cluster, service="web", taskDefinition=second, deploymentConfiguration={
        "strategy": "CANARY", "bakeTimeInMinutes": 0,
        "canaryConfiguration": {"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 0},
        "lifecycleHooks": [{
            "targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
            "timeoutConfiguration": {"timeoutInMinutes": 60, "action": "ROLLBACK"},
        }],
    })
    hook = waiting(world, ecs, cluster)
    arn = newest(ecs, cluster)["serviceDeploymentArn"]
    ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"], action="CONTINUE")
    again = world.wait("the next hook to wait", lambda: [
        one for one in [waiting(world, ecs, cluster)] if one["hookId"] != hook["hookId"]
    ])[0]
    deployment = newest(ecs, cluster)
    share = deployment["targetServiceRevision"]["requestedProductionTrafficWeight"]
    world.expect(share == 12.5, f"12.5 percent, got {share}")
    groups = elb.describe_rules(RuleArns=[front["production"]])["Rules"][0]["Actions"][0]["ForwardConfig"]
    weights = {one["TargetGroupArn"]: one["Weight"] for one in groups["TargetGroups"]}
    world.expect(weights == {front["blue"]: 875, front["green"]: 125}, f"weights of 1 to 7, got {weights}")
    ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=again["hookId"])
    world.expect(ended(world, ecs, cluster)["status"] == "SUCCESSFUL", "the canary to be successful")
    revision = newest(ecs, cluster)["targetServiceRevision"]["arn"]
    found = ecs.describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"][0]
    live = found["resolvedConfiguration"]["loadBalancers"][0]["targetGroupArn"]
    world.expect(live == front["green"], f"the other target group to be live, got {live}")


def taken_back(world, ecs, cluster, image):
    ecs.update_service(
        cluster=cluster, service="web",
        taskDefinition=register(ecs, image, environment=[{"name": "VERSION", "value": "3"}]),
    )
    hook = waiting(world, ecs, cluster)
    arn = newest(ecs, cluster)["serviceDeploymentArn"]
    ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"], action="ROLLBACK")
    last = ended(world, ecs, cluster)
    world.expect(last["status"] == "ROLLBACK_SUCCESSFUL", f"a rollback, got {last['status']}")
    world.refused(
        "InvalidParameterException", ecs.continue_service_deployment, serviceDeploymentArn=arn, hookId=hook["hookId"],
    )
    world.refused("ConflictException", ecs.stop_service_deployment, serviceDeploymentArn=arn)


def refusals(world, ecs, cluster):
    world.refused(
        "ServiceDeploymentNotFoundException", ecs.continue_service_deployment, hookId="x",
        serviceDeploymentArn=f"arn:aws:ecs:eu-west-1:123456789012:service-deployment/{cluster}/web/nothing",
    )
    world.refused("InvalidParameterException", ecs.update_service, cluster=cluster, service="web", deploymentConfiguration={
        "strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.0},
    })
