"""ECS: a service is created, updated, broken and deleted, and every description on the way is read."""

def run(world):
    ecs, elb = world.client("ecs"), world.client("elbv2")
    digest = world.push_image("conformance/web", "v1")
    image = f"{world.host}/conformance/web@{digest}"
    ecs.create_cluster(clusterName=world.run)
    described = ecs.describe_clusters(clusters=[world.run, "nowhere"])
    world.expect(described["failures"][0]["reason"] == "MISSING", "a missing cluster among the failures")
    ecs.list_clusters()
    first = register(ecs, image)
    group = load_balancer(world, elb)
    service = ecs.create_service(
        cluster=world.run, serviceName="web", taskDefinition=first, desiredCount=1, launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}],
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )["service"]
    world.expect(service["taskDefinition"] == first, "the service's task definition as an ARN")
    steady(world, ecs, elb, group)
    update(world, ecs, image)
    break_it(world, ecs, first)
    refusals(world, ecs)
    ecs.delete_service(cluster=world.run, service="web", force=True)
    ecs.describe_services(cluster=world.run, services=["web"])
    ecs.deregister_task_definition(taskDefinition=first)


def register(ecs, image, **container):
    answer = ecs.register_task_definition(
        family="conformance-web", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        containerDefinitions=[{
            "name": "web", "image": image, "essential": True, "portMappings": [{"containerPort": 8080}],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": "/conformance", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs",
            }},
            **container,
        }],
        tags=[{"key": "team", "value": "conformance"}],
    )
    return answer["taskDefinition"]["taskDefinitionArn"]


def load_balancer(world, elb):
    group = elb.create_target_group(
        Name=f"web-{world.run}", Protocol="HTTP", Port=8080, TargetType="ip", VpcId="vpc-1", HealthCheckPath="/",
        HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    balancer = elb.create_load_balancer(Name=f"web-{world.run}", Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return group


def primary(world, ecs):
    service = ecs.describe_services(cluster=world.run, services=["web"])["services"][0]
    return next(one for one in service["deployments"] if one["status"] == "PRIMARY")


def settled(world, ecs):
    return world.wait(
        "the deployment to end", lambda: primary(world, ecs)["rolloutState"] in ("COMPLETED", "FAILED"), 120,
    )


def steady(world, ecs, elb, group):
    settled(world, ecs)
    world.expect(primary(world, ecs)["rolloutState"] == "COMPLETED", "the first deployment to complete")
    tasks = ecs.list_tasks(cluster=world.run, serviceName="web")["taskArns"]
    world.expect(len(tasks) == 1, f"one task, got {len(tasks)}")
    task = ecs.describe_tasks(cluster=world.run, tasks=tasks, include=["TAGS"])["tasks"][0]
    world.expect(task["containers"][0]["imageDigest"].startswith("sha256:"), "the running container's digest")
    stream = f"ecs/web/{tasks[0].rsplit('/', 1)[1]}"
    logs = world.client("logs")
    lines = world.wait("a log line", lambda: logs.get_log_events(
        logGroupName="/conformance", logStreamName=stream, startFromHead=True,
    )["events"])
    world.expect("serving" in lines[0]["message"], f"the container's own words, got {lines[0]}")
    world.refused(
        "ResourceNotFoundException", logs.get_log_events, logGroupName="/conformance", logStreamName="nothing",
    )
    health = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    world.expect([one["TargetHealth"]["State"] for one in health] == ["healthy"], f"one healthy target, got {health}")
    ecs.list_services(cluster=world.run)
    ecs.describe_services(cluster=world.run, services=["web", "nothing"], include=["TAGS"])
    deployments = ecs.list_service_deployments(cluster=world.run, service="web")["serviceDeployments"]
    arns = [one["serviceDeploymentArn"] for one in deployments]
    one = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0]
    world.expect(one["status"] == "SUCCESSFUL", f"a successful deployment, got {one['status']}")
    ecs.describe_service_revisions(serviceRevisionArns=[one["targetServiceRevision"]["arn"]])


def update(world, ecs, image):
    second = register(ecs, image, environment=[{"name": "VERSION", "value": "2"}])
    ecs.update_service(cluster=world.run, service="web", taskDefinition=second)
    ecs.describe_services(cluster=world.run, services=["web"])
    settled(world, ecs)
    world.expect(primary(world, ecs)["taskDefinition"] == second, "the new task definition to run")
    task = ecs.list_tasks(cluster=world.run, serviceName="web")["taskArns"][0]
    ecs.stop_task(cluster=world.run, task=task, reason="conformance")
    ecs.describe_tasks(cluster=world.run, tasks=[task, "0" * 32])
    ecs.list_tasks(cluster=world.run, desiredStatus="STOPPED")
    ecs.describe_task_definition(taskDefinition=second, include=["TAGS"])
    ecs.list_task_definitions(familyPrefix="conformance-web", sort="DESC")
    ecs.tag_resource(resourceArn=second, tags=[{"key": "a", "value": "b"}])
    ecs.list_tags_for_resource(resourceArn=second)
    ecs.untag_resource(resourceArn=second, tagKeys=["a"])


def break_it(world, ecs, good):
    """A deployment whose tasks die at once is rolled back by the circuit breaker."""
    before = primary(world, ecs)["taskDefinition"]
    missing = f"{world.host}/conformance/web@sha256:" + "0" * 64
    broken = register(ecs, missing)
    ecs.update_service(cluster=world.run, service="web", taskDefinition=broken)
    newest = lambda: ecs.list_service_deployments(cluster=world.run, service="web")["serviceDeployments"][0]
    ended = ("ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "SUCCESSFUL", "STOPPED")
    world.wait("the broken deployment to end", lambda: newest()["status"] in ended, 180)
    world.expect(newest()["status"] == "ROLLBACK_SUCCESSFUL", f"a rollback, got {newest()['status']}")
    one = ecs.describe_service_deployments(serviceDeploymentArns=[newest()["serviceDeploymentArn"]])
    world.expect("rollback" in one["serviceDeployments"][0], "the rollback described")
    settled(world, ecs)
    world.expect(primary(world, ecs)["taskDefinition"] == before, "the task definition of before to run again")
    ecs.update_service(cluster=world.run, service="web", taskDefinition=good, desiredCount=1)
    arn = newest()["serviceDeploymentArn"]
    ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    world.wait("the stopped deployment to end", lambda: newest()["status"] in ended, 120)
    stopped = ecs.list_tasks(cluster=world.run, desiredStatus="STOPPED")["taskArns"]
    if stopped:
        ecs.describe_tasks(cluster=world.run, tasks=stopped)


def refusals(world, ecs):
    world.refused("ClusterNotFoundException", ecs.describe_services, cluster="nowhere", services=["web"])
    world.refused("ServiceNotFoundException", ecs.update_service, cluster=world.run, service="nothing", desiredCount=1)
    world.refused("ClientException", ecs.describe_task_definition, taskDefinition="nothing:1")
    world.refused(
        "ClientException", ecs.update_service, cluster=world.run, service="web", taskDefinition="nothing:1",
    )
