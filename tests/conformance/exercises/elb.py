"""ELBv2: what the descriptions say, and targets registered by hand."""


def run(world):
    elb = world.client("elbv2")
    name = f"hand-{world.run}"
    group = elb.create_target_group(
        Name=name, Protocol="HTTP", Port=9, TargetType="ip", VpcId="vpc-1",
        Matcher={"HttpCode": "200-299"},
    )["TargetGroups"][0]
    arn = group["TargetGroupArn"]
    balancer = elb.create_load_balancer(Name=name, Subnets=["subnet-1"])["LoadBalancers"][0]
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )["Listeners"][0]
    elb.describe_load_balancers(Names=[name])
    elb.describe_load_balancers(LoadBalancerArns=[balancer["LoadBalancerArn"]])
    found = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    world.expect(found["LoadBalancerArns"] == [balancer["LoadBalancerArn"]], "the group to name its load balancer")
    elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    world.expect([rule["IsDefault"] for rule in rules] == [True], "a listener to have its default rule")
    # Nobody listens there, so this target can never be healthy.
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "127.99.99.99", "Port": 9}])
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    world.expect([one["TargetHealth"]["State"] for one in health] in (["initial"], ["unhealthy"]), f"got {health}")
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": "127.99.99.99", "Port": 9}])
    elb.describe_target_health(TargetGroupArn=arn)
    missing = arn.replace(name, "nothing")
    world.refused("TargetGroupNotFound", elb.describe_target_health, TargetGroupArn=missing)
    world.refused("LoadBalancerNotFound", elb.describe_load_balancers, Names=["nothing"])
