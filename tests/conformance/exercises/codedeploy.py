"""CodeDeploy for ECS: application, group and configuration are made, a canary is stopped, a deployment waits and goes on."""

import hashlib
import json

from exercises.ecs import register


def run(world):
    ecs, elb, deploy = world.client("ecs"), world.client("elbv2"), world.client("codedeploy")
    digest = world.push_image("conformance/web", "v1")
    image = f"{world.host}/conformance/web@{digest}"
    cluster = f"cd-{world.run}"
    ecs.create_cluster(clusterName=cluster)
    front = load_balancer(world, elb)
    ecs.create_service(
        cluster=cluster, serviceName="web", taskDefinition=register(ecs, image), desiredCount=1, launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        deploymentController={"type": "CODE_DEPLOY"},
        loadBalancers=[{"targetGroupArn": front["groups"][0], "containerName": "web", "containerPort": 8080}],
    )
    look = lambda: ecs.describe_services(cluster=cluster, services=["web"])["services"][0]["taskSets"]
    world.wait("the first task set to be steady", lambda: look()[0]["stabilityStatus"] == "STEADY_STATE")
    application = f"app-{world.run}"
    deploy.create_application(applicationName=application, computePlatform="ECS")
    deploy.get_application(applicationName=application)
    deploy.list_applications()
    configs(world, deploy)
    group = dict(
        applicationName=application, deploymentGroupName="web", **front["group"],
        ecsServices=[{"clusterName": cluster, "serviceName": "web"}],
    )
    deploy.create_deployment_group(**group)
    world.refused("DeploymentGroupAlreadyExistsException", deploy.create_deployment_group, **group)
    deploy.list_deployment_groups(applicationName=application)
    kept = deploy.get_deployment_group(applicationName=application, deploymentGroupName="web")["deploymentGroupInfo"]
    world.expect(kept["ecsServices"] == group["ecsServices"], f"the group's service, got {kept}")
    order = lambda version: dict(
        applicationName=application, deploymentGroupName="web",
        revision=revision(register(ecs, image, environment=[{"name": "VERSION", "value": version}])),
    )
    waits(world, deploy, order("2"), f"{cluster}:web")
    stopped(world, deploy, {**order("3"), "deploymentConfigName": f"half-{world.run}"})
    refusals(world, deploy, application, order("4"))
    world.refused("InvalidParameterException", ecs.update_service, cluster=cluster, service="web", forceNewDeployment=True)
    world.refused("UnsupportedFeatureException", ecs.list_service_deployments, cluster=cluster, service="web")
    ecs.delete_service(cluster=cluster, service="web", force=True)


def load_balancer(world, elb):
    names = [f"cd-{colour}-{world.run}" for colour in ("blue", "green")]
    groups = [elb.create_target_group(
        Name=name, Protocol="HTTP", Port=8080, TargetType="ip", VpcId="vpc-1", HealthCheckPath="/",
        HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"] for name in names]
    balancer = elb.create_load_balancer(Name=f"cd-{world.run}", Subnets=["subnet-1"])["LoadBalancers"][0]
    listeners = [elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": groups[0]}],
    )["Listeners"][0]["ListenerArn"] for port in (80, 9001)]
    return {"groups": groups, "group": {
        "serviceRoleArn": "arn:aws:iam::123456789012:role/ecsCodeDeployRole",
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "loadBalancerInfo": {"targetGroupPairInfoList": [{
            "targetGroups": [{"name": name} for name in names],
            "prodTrafficRoute": {"listenerArns": listeners[:1]}, "testTrafficRoute": {"listenerArns": listeners[1:]},
        }]},
        "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]},
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0},
            "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60},
        },
    }}


def revision(definition):
    content = json.dumps({"version": 1, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
        "TaskDefinition": definition, "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080},
    }}}]})
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": digest}}


def configs(world, deploy):
    name = f"half-{world.run}"
    routing = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 50, "linearInterval": 1}}
    deploy.create_deployment_config(deploymentConfigName=name, computePlatform="ECS", trafficRoutingConfig=routing)
    kept = deploy.get_deployment_config(deploymentConfigName=name)["deploymentConfigInfo"]["trafficRoutingConfig"]
    world.expect(kept == routing, f"the configuration as it was put, got {kept}")
    own = deploy.get_deployment_config(deploymentConfigName="CodeDeployDefault.ECSCanary10Percent5Minutes")
    canary = own["deploymentConfigInfo"]["trafficRoutingConfig"]["timeBasedCanary"]
    world.expect(canary == {"canaryPercentage": 10, "canaryInterval": 5}, f"10 percent for 5 minutes, got {canary}")
    world.refused(
        "DeploymentConfigAlreadyExistsException", deploy.create_deployment_config, deploymentConfigName=name,
        computePlatform="ECS", trafficRoutingConfig=routing,
    )
    world.refused("DeploymentConfigDoesNotExistException", deploy.get_deployment_config, deploymentConfigName="none")


def status(deploy, identity):
    return deploy.get_deployment(deploymentId=identity)["deploymentInfo"]["status"]


def waits(world, deploy, order, target):
    identity = deploy.create_deployment(**order, description="by hand")["deploymentId"]
    world.wait("the deployment to be ready", lambda: status(deploy, identity) == "Ready")
    targets = deploy.list_deployment_targets(deploymentId=identity)["targetIds"]
    world.expect(targets == [target], f"the service as the target, got {targets}")
    told = deploy.get_deployment_target(deploymentId=identity, targetId=target)["deploymentTarget"]["ecsTarget"]
    weights = [one["trafficWeight"] for one in told["taskSetsInfo"]]
    world.expect(weights == [100.0, 0.0], f"all the traffic on blue, got {weights}")
    world.refused("DeploymentLimitExceededException", deploy.create_deployment, **order)
    deploy.continue_deployment(deploymentId=identity, deploymentWaitType="READY_WAIT")
    waiter = deploy.get_waiter("deployment_successful")
    waiter.wait(deploymentId=identity, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    listed = deploy.list_deployments(
        applicationName=order["applicationName"], deploymentGroupName="web", includeOnlyStatuses=["Succeeded"],
    )["deployments"]
    world.expect(listed == [identity], f"the one that succeeded, got {listed}")


def stopped(world, deploy, order):
    identity = deploy.create_deployment(**order)["deploymentId"]
    world.wait("the deployment to be ready", lambda: status(deploy, identity) == "Ready")
    deploy.stop_deployment(deploymentId=identity)
    info = deploy.get_deployment(deploymentId=identity)["deploymentInfo"]
    world.expect(info["status"] == "Stopped", f"a stopped deployment, got {info['status']}")
    back = info["rollbackInfo"]["rollbackDeploymentId"]
    world.wait("the way back", lambda: status(deploy, back) == "Succeeded")
    creator = deploy.get_deployment(deploymentId=back)["deploymentInfo"]["creator"]
    world.expect(creator == "codeDeployRollback", f"a rollback of CodeDeploy's, got {creator}")
    world.refused("DeploymentAlreadyCompletedException", deploy.stop_deployment, deploymentId=identity)
    world.refused("DeploymentAlreadyCompletedException", deploy.continue_deployment, deploymentId=identity)


def refusals(world, deploy, application, order):
    world.refused("DeploymentDoesNotExistException", deploy.get_deployment, deploymentId="d-NOTHING00")
    world.refused("ApplicationDoesNotExistException", deploy.get_application, applicationName="none")
    world.refused(
        "DeploymentGroupDoesNotExistException", deploy.get_deployment_group, applicationName=application,
        deploymentGroupName="none",
    )
    wrong = {**order, "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "Resources: []"}}}
    world.refused("InvalidRevisionException", deploy.create_deployment, **wrong)
    wrong = {**order, "deploymentConfigName": "none"}
    world.refused("DeploymentConfigDoesNotExistException", deploy.create_deployment, **wrong)
