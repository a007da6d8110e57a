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
    found = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    world.expect([rule["IsDefault"] for rule in found] == [True], "a listener to have its default rule")
    # Nobody listens there, so this target can never be healthy.
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "127.99.99.99", "Port": 9}])
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    world.expect([one["TargetHealth"]["State"] for one in health] in (["initial"], ["unhealthy"]), f"got {health}")
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": "127.99.99.99", "Port": 9}])
    elb.describe_target_health(TargetGroupArn=arn)
    rules(world, elb, listener["ListenerArn"], arn)
    missing = arn.replace(name, "nothing")
    world.refused("TargetGroupNotFound", elb.describe_target_health, TargetGroupArn=missing)
    world.refused("LoadBalancerNotFound", elb.describe_load_balancers, Names=["nothing"])
    attributes = lambda answer: {one["Key"]: one["Value"] for one in answer["Attributes"]}
    delay = "deregistration_delay.timeout_seconds"
    kept = attributes(elb.describe_target_group_attributes(TargetGroupArn=arn))
    world.expect(kept[delay] == "300", f"AWS's default delay, got {kept}")
    changed = elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": delay, "Value": "5"}])
    world.expect(attributes(changed)[delay] == "5", f"a delay of 5 seconds, got {changed}")
    world.refused("ResourceInUse", elb.delete_target_group, TargetGroupArn=arn)
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    world.refused("LoadBalancerNotFound", elb.describe_load_balancers, Names=[name])
    elb.delete_target_group(TargetGroupArn=arn)
    world.refused("TargetGroupNotFound", elb.describe_target_group_attributes, TargetGroupArn=arn)


def rules(world, elb, listener, group):
    """Rules are made, weighted, reordered and deleted; every condition the sandbox has comes back as it went in."""
    other = elb.create_target_group(
        Name=f"other-{world.run}", Protocol="HTTP", Port=9, TargetType="ip", VpcId="vpc-1",
    )["TargetGroups"][0]["TargetGroupArn"]
    forward = lambda blue, green: [{"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": group, "Weight": blue}, {"TargetGroupArn": other, "Weight": green},
    ]}}]
    conditions = [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a/*", "/b"]}},
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Canary", "Values": ["yes"]}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}, {"Value": "x"}]}},
    ]
    rule = elb.create_rule(
        ListenerArn=listener, Priority=10, Conditions=conditions, Actions=forward(1, 0),
    )["Rules"][0]
    world.expect(rule["Priority"] == "10" and not rule["IsDefault"], f"priority 10, got {rule}")
    for wanted, got in zip(conditions, rule["Conditions"], strict=True):
        world.expect(wanted.items() <= got.items(), f"{wanted}, got {got}")
    second = elb.create_rule(
        ListenerArn=listener, Priority=20, Conditions=conditions[:1],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {
            "StatusCode": "503", "ContentType": "text/plain", "MessageBody": "closed",
        }}],
    )["Rules"][0]
    world.refused(
        "PriorityInUse", elb.create_rule, ListenerArn=listener, Priority=20, Conditions=conditions[:1],
        Actions=forward(1, 0),
    )
    shifted = elb.modify_rule(RuleArn=rule["RuleArn"], Actions=forward(90, 10))["Rules"][0]
    weights = [one["Weight"] for one in shifted["Actions"][0]["ForwardConfig"]["TargetGroups"]]
    world.expect(weights == [90, 10], f"weights 90 and 10, got {weights}")
    world.expect("TargetGroupArn" not in shifted["Actions"][0], "no scalar target group beside two weighted ones")
    elb.set_rule_priorities(RulePriorities=[
        {"RuleArn": rule["RuleArn"], "Priority": 20}, {"RuleArn": second["RuleArn"], "Priority": 10},
    ])
    order = [one["Priority"] for one in elb.describe_rules(ListenerArn=listener)["Rules"]]
    world.expect(order == ["10", "20", "default"], f"rules in the order of their priorities, got {order}")
    elb.describe_rules(RuleArns=[rule["RuleArn"], second["RuleArn"]])
    default = elb.describe_rules(ListenerArn=listener)["Rules"][-1]["RuleArn"]
    world.refused("OperationNotPermitted", elb.modify_rule, RuleArn=default, Actions=forward(1, 0))
    world.refused("OperationNotPermitted", elb.delete_rule, RuleArn=default)
    world.refused("TargetGroupNotFound", elb.modify_rule, RuleArn=rule["RuleArn"], Actions=[
        {"Type": "forward", "TargetGroupArn": group.replace("hand-", "none-")},
    ])
    modified = elb.modify_listener(ListenerArn=listener, DefaultActions=forward(1, 0))["Listeners"][0]
    world.expect(len(modified["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]) == 2, f"got {modified}")
    world.refused(
        "ListenerNotFound", elb.modify_listener, ListenerArn=listener + "0", DefaultActions=forward(1, 0),
    )
    for one in (rule, second):
        elb.delete_rule(RuleArn=one["RuleArn"])
    world.refused("RuleNotFound", elb.delete_rule, RuleArn=rule["RuleArn"])
    world.refused("RuleNotFound", elb.modify_rule, RuleArn=rule["RuleArn"], Actions=forward(1, 0))
    spare = elb.create_listener(
        LoadBalancerArn=modified["LoadBalancerArn"], Protocol="HTTP", Port=9099, DefaultActions=forward(1, 0),
    )["Listeners"][0]["ListenerArn"]
    elb.delete_listener(ListenerArn=spare)
    world.refused("ListenerNotFound", elb.describe_listeners, ListenerArns=[spare])
