#!/usr/bin/env python3
"""beside_moto.py ENDPOINT: the same questions to the sandbox and to moto. What each gives back is boiled down to what does
not depend on ids, dates and what really runs, and has to be equal."""

import json
import os
import sys
import time
import urllib.request

sys.dont_write_bytecode = True

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

# Where the two differ, and who is right.
EXPLAINED = {
    "ecs: a task definition is registered": "moto leaves the tags out of the answer; the model has them beside the definition",
    "ecs: a missing task is a failure": "moto leaves missing tasks out; AWS lists them among the failures",
    "elb: a load balancer is made": "moto has a scheme only where one was asked for; AWS's default is internet-facing",
    "elb: another one on the same port": "moto takes it; AWS answers DuplicateListener, which the model declares",
    "elb: a default rule is deleted": "moto breaks; AWS answers OperationNotPermitted",
    "cloudwatch: it is described": "moto's alarms begin as OK; AWS's as INSUFFICIENT_DATA, until they are evaluated",
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    endpoint = sys.argv[1].rstrip("/")
    env = json.load(urllib.request.urlopen(f"{endpoint}/_sandbox/env", timeout=10))
    os.environ.update({name: env[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")})
    os.environ["AWS_DEFAULT_REGION"] = env["AWS_REGION"]
    # What leads every client to the sandbox would lead those of moto there, too.
    os.environ.pop("AWS_ENDPOINT_URL", None)
    run = f"{time.time_ns() // 1000 % 36**6:x}"
    config = Config(retries={"total_max_attempts": 1})
    ours = ask(lambda service: boto3.client(service, endpoint_url=endpoint, config=config), run)
    with mock_aws():
        theirs = ask(lambda service: boto3.client(service, config=config), run)
    different = [name for name in ours if ours[name] != theirs[name]]
    unexplained = [name for name in different if name not in EXPLAINED]
    for name in unexplained:
        print(f"different: {name}\n  sandbox {ours[name]}\n  moto    {theirs[name]}")
    stale = [name for name in EXPLAINED if name not in different]
    for name in stale:
        print(f"explained, but equal: {name}")
    print(f"beside moto: {len(ours)} questions, {len(different)} different, {len(unexplained)} unexplained")
    sys.exit(1 if unexplained or stale else 0)


class Book:
    """Answers by the question's name."""

    def __init__(self):
        self.answers = {}

    def note(self, name, call, look=lambda answer: "done"):
        """The look at an answer, or the error's code."""
        try:
            self.answers[name] = json.loads(json.dumps(look(call()), default=str))
        except ClientError as error:
            self.answers[name] = f"error {error.response['Error']['Code']}"
        except KeyError as missing:
            self.answers[name] = f"an answer without {missing}"


def ask(client, run):
    book = Book()
    for part in (clusters, task_definitions, services, load_balancing, rules, alarms, metrics, logs):
        part(book, client, run)
    return book.answers


def tail(arn):
    return arn.split(":", 5)[-1]


def clusters(book, client, run):
    ecs = client("ecs")
    look = lambda answer: [tail(answer["cluster"]["clusterArn"]), answer["cluster"]["status"]]
    book.note("ecs: a cluster is made", lambda: ecs.create_cluster(clusterName=run), look)
    book.note("ecs: it is made again", lambda: ecs.create_cluster(clusterName=run), look)
    book.note(
        "ecs: a missing cluster is a failure", lambda: ecs.describe_clusters(clusters=["none"]),
        lambda answer: [answer["clusters"], [one["reason"] for one in answer["failures"]]],
    )


def task_definitions(book, client, run):
    ecs = client("ecs")
    register = lambda **extra: ecs.register_task_definition(
        family=f"f-{run}", networkMode="awsvpc", containerDefinitions=[
            {"name": "web", "image": "example.com/web:1", "memory": 128, "portMappings": [{"containerPort": 80}]},
        ], **extra,
    )
    shape = lambda one: [
        tail(one["taskDefinitionArn"]), one["revision"], one["status"], one["networkMode"],
        one["containerDefinitions"][0]["portMappings"][0]["containerPort"],
        one["containerDefinitions"][0]["essential"], one["containerDefinitions"][0]["cpu"],
    ]
    tags = [{"key": "team", "value": "a"}]
    book.note(
        "ecs: a task definition is registered", lambda: register(tags=tags),
        lambda answer: [shape(answer["taskDefinition"]), answer["tags"]],
    )
    book.note("ecs: and again", register, lambda answer: shape(answer["taskDefinition"]))
    book.note(
        "ecs: the newest is described by its family", lambda: ecs.describe_task_definition(taskDefinition=f"f-{run}"),
        lambda answer: shape(answer["taskDefinition"]),
    )
    book.note(
        "ecs: tags are beside a task definition",
        lambda: ecs.describe_task_definition(taskDefinition=f"f-{run}:1", include=["TAGS"]),
        lambda answer: [answer["tags"], "tags" in answer["taskDefinition"]],
    )
    book.note(
        "ecs: revisions are listed", lambda: ecs.list_task_definitions(familyPrefix=f"f-{run}"),
        lambda answer: [tail(arn) for arn in answer["taskDefinitionArns"]],
    )
    book.note("ecs: an unknown task definition", lambda: ecs.describe_task_definition(taskDefinition="none:1"))
    book.note(
        "ecs: a revision is deregistered", lambda: ecs.deregister_task_definition(taskDefinition=f"f-{run}:1"),
        lambda answer: answer["taskDefinition"]["status"],
    )
    book.note(
        "ecs: a deregistered revision can be described",
        lambda: ecs.describe_task_definition(taskDefinition=f"f-{run}:1"),
        lambda answer: answer["taskDefinition"]["status"],
    )


def services(book, client, run):
    ecs = client("ecs")
    shape = lambda one: [
        tail(one["serviceArn"]), tail(one["clusterArn"]), one["desiredCount"], tail(one["taskDefinition"]),
        one["status"], one["schedulingStrategy"], one["launchType"], one["deployments"][0]["status"],
    ]
    subnets, _ = network(client)
    make = lambda: ecs.create_service(
        cluster=run, serviceName="web", taskDefinition=f"f-{run}", desiredCount=0, launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": []}},
    )
    book.note("ecs: a service is made", make, lambda answer: shape(answer["service"]))
    book.note("ecs: in no cluster", lambda: ecs.create_service(cluster="none", serviceName="w", taskDefinition=f"f-{run}", desiredCount=0))
    book.note(
        "ecs: services are described, missing ones are failures",
        lambda: ecs.describe_services(cluster=run, services=["web", "none"]),
        lambda answer: [[shape(one) for one in answer["services"]], [one["reason"] for one in answer["failures"]]],
    )
    book.note("ecs: services of no cluster", lambda: ecs.describe_services(cluster="none", services=["web"]))
    book.note(
        "ecs: services are listed", lambda: ecs.list_services(cluster=run),
        lambda answer: [tail(arn) for arn in answer["serviceArns"]],
    )
    book.note("ecs: an unknown service is updated", lambda: ecs.update_service(cluster=run, service="none", desiredCount=1))
    region = ecs.meta.region_name
    arn = f"arn:aws:ecs:{region}:123456789012:service/{run}/web"
    book.note("ecs: a service is tagged", lambda: ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}]))
    book.note("ecs: its tags are listed", lambda: ecs.list_tags_for_resource(resourceArn=arn), lambda answer: answer["tags"])
    book.note(
        "ecs: no tasks run", lambda: ecs.list_tasks(cluster=run, serviceName="web"), lambda answer: answer["taskArns"],
    )
    book.note(
        "ecs: a missing task is a failure", lambda: ecs.describe_tasks(cluster=run, tasks=["0" * 32]),
        lambda answer: [answer["tasks"], [one["reason"] for one in answer["failures"]]],
    )


def network(client):
    """moto's load balancers need subnets that exist; the sandbox has none and asks for none."""
    if "127.0.0.1" in client("elbv2").meta.endpoint_url:
        return ["subnet-1", "subnet-2"], "vpc-1"
    subnets = client("ec2").describe_subnets()["Subnets"][:2]
    return [one["SubnetId"] for one in subnets], subnets[0]["VpcId"]


def load_balancing(book, client, run):
    elb = client("elbv2")
    subnets, vpc = network(client)
    book.note(
        "elb: a target group is made",
        lambda: elb.create_target_group(Name=f"blue-{run}", Protocol="HTTP", Port=8080, TargetType="ip", VpcId=vpc),
        lambda answer: [{key: one[key] for key in (
            "TargetGroupName", "Protocol", "Port", "HealthCheckProtocol", "HealthCheckPort", "HealthCheckPath",
            "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount",
            "UnhealthyThresholdCount", "Matcher", "TargetType",
        )} for one in answer["TargetGroups"]],
    )
    elb.create_target_group(Name=f"green-{run}", Protocol="HTTP", Port=8080, TargetType="ip", VpcId=vpc)
    book.note(
        "elb: a load balancer is made", lambda: elb.create_load_balancer(Name=run, Subnets=subnets),
        lambda answer: [[one["LoadBalancerName"], one["Scheme"], one["Type"]] for one in answer["LoadBalancers"]],
    )
    blue = named(elb, f"blue-{run}")
    balancer = elb.describe_load_balancers(Names=[run])["LoadBalancers"][0]["LoadBalancerArn"]
    listen = lambda group: elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    book.note("elb: a listener is made", lambda: listen(blue), lambda answer: [[one["Port"], one["Protocol"]] for one in answer["Listeners"]])
    book.note("elb: the same again", lambda: listen(blue), lambda answer: len(answer["Listeners"]))
    book.note("elb: another one on the same port", lambda: listen(named(elb, f"green-{run}")))
    book.note(
        "elb: a listener of an unknown load balancer", lambda: elb.create_listener(
            LoadBalancerArn=balancer.replace(run, "none"), Protocol="HTTP", Port=81,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": blue}],
        ),
    )
    book.note("elb: unknown names", lambda: elb.describe_load_balancers(Names=["none"]))
    book.note("elb: unknown target groups", lambda: elb.describe_target_groups(Names=["none"]))
    book.note(
        "elb: health of an unknown target group",
        lambda: elb.describe_target_health(TargetGroupArn=blue.replace(run, "none")),
    )


def named(elb, name):
    return elb.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]


def rules(book, client, run):
    elb = client("elbv2")
    blue, green = named(elb, f"blue-{run}"), named(elb, f"green-{run}")
    balancer = elb.describe_load_balancers(Names=[run])["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    forward = lambda one, other: [{"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": blue, "Weight": one}, {"TargetGroupArn": green, "Weight": other},
    ]}}]
    path = [{"Field": "path-pattern", "Values": ["/a/*"]}]
    shape = lambda rule: [
        rule["Priority"], rule["IsDefault"],
        [[one["Field"], sorted(one.get("Values") or one["PathPatternConfig"]["Values"])] for one in rule["Conditions"]],
        [one["Weight"] for one in rule["Actions"][0].get("ForwardConfig", {}).get("TargetGroups", [])],
    ]
    make = lambda priority: elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=path, Actions=forward(1, 0))
    book.note("elb: a rule is made", lambda: make(10), lambda answer: [shape(rule) for rule in answer["Rules"]])
    book.note("elb: of the same priority", lambda: make(10))
    all_rules = elb.describe_rules(ListenerArn=listener)["Rules"]
    rule = next(one for one in all_rules if not one["IsDefault"])["RuleArn"]
    default = next(one for one in all_rules if one["IsDefault"])["RuleArn"]
    book.note(
        "elb: its weights are changed", lambda: elb.modify_rule(RuleArn=rule, Actions=forward(90, 10)),
        lambda answer: [shape(one) for one in answer["Rules"]],
    )
    book.note(
        "elb: and stay changed", lambda: elb.describe_rules(RuleArns=[rule]),
        lambda answer: [shape(one) for one in answer["Rules"]],
    )
    book.note(
        "elb: its priority is set",
        lambda: elb.set_rule_priorities(RulePriorities=[{"RuleArn": rule, "Priority": 5}]),
        lambda answer: [one["Priority"] for one in answer["Rules"]],
    )
    book.note("elb: a default rule is deleted", lambda: elb.delete_rule(RuleArn=default))
    book.note(
        "elb: a default action is changed",
        lambda: elb.modify_listener(ListenerArn=listener, DefaultActions=forward(1, 1)),
        lambda answer: [one["Weight"] for one in answer["Listeners"][0]["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]],
    )
    book.note("elb: a rule is deleted", lambda: elb.delete_rule(RuleArn=rule))
    book.note("elb: an unknown rule is modified", lambda: elb.modify_rule(RuleArn=rule, Actions=forward(1, 0)))
    book.note("elb: an unknown rule is described", lambda: elb.describe_rules(RuleArns=[rule]))


def alarms(book, client, run):
    cloudwatch = client("cloudwatch")
    book.note("cloudwatch: an alarm is put", lambda: cloudwatch.put_metric_alarm(
        AlarmName=run, Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=2, Threshold=1.5,
        ComparisonOperator="GreaterThanThreshold", Dimensions=[{"Name": "a", "Value": "b"}],
        TreatMissingData="ignore", DatapointsToAlarm=1,
    ))
    keep = (
        "AlarmName", "StateValue", "Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold",
        "ComparisonOperator", "Dimensions", "ActionsEnabled", "TreatMissingData", "DatapointsToAlarm", "OKActions",
    )
    shape = lambda answer: [{key: one[key] for key in keep} for one in answer["MetricAlarms"]]
    book.note("cloudwatch: it is described", lambda: cloudwatch.describe_alarms(AlarmNames=[run]), shape)
    book.note("cloudwatch: its state is set", lambda: cloudwatch.set_alarm_state(AlarmName=run, StateValue="ALARM", StateReason="by hand"))
    book.note(
        "cloudwatch: and told with its reason", lambda: cloudwatch.describe_alarms(AlarmNames=[run], StateValue="ALARM"),
        lambda answer: [[one["StateValue"], one["StateReason"]] for one in answer["MetricAlarms"]],
    )
    book.note("cloudwatch: an unknown alarm is set", lambda: cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x"))
    book.note("cloudwatch: it is deleted", lambda: cloudwatch.delete_alarms(AlarmNames=[run]))
    book.note("cloudwatch: it is gone", lambda: cloudwatch.describe_alarms(AlarmNames=[run]), shape)


def metrics(book, client, run):
    cloudwatch = client("cloudwatch")
    now = int(time.time()) // 60 * 60
    for value in (1, 2, 3, 10):
        cloudwatch.put_metric_data(Namespace=f"n/{run}", MetricData=[{"MetricName": "m", "Timestamp": now, "Value": value}])
    for statistic in ("Sum", "Average", "Minimum", "Maximum", "SampleCount"):
        book.note(
            f"cloudwatch: {statistic}", lambda statistic=statistic: cloudwatch.get_metric_data(
                StartTime=now - 60, EndTime=now + 60, MetricDataQueries=[{"Id": "a", "MetricStat": {
                    "Metric": {"Namespace": f"n/{run}", "MetricName": "m"}, "Period": 60, "Stat": statistic,
                }}],
            ), lambda answer: [[one["Id"], one["Values"]] for one in answer["MetricDataResults"]],
        )


def logs(book, client, run):
    logs = client("logs")
    group = f"/beside/{run}"
    book.note("logs: a group is made", lambda: logs.create_log_group(logGroupName=group))
    book.note("logs: and again", lambda: logs.create_log_group(logGroupName=group))
    book.note("logs: a stream is made", lambda: logs.create_log_stream(logGroupName=group, logStreamName="s"))
    book.note("logs: and again, the stream", lambda: logs.create_log_stream(logGroupName=group, logStreamName="s"))
    book.note("logs: a stream of no group", lambda: logs.create_log_stream(logGroupName="/none", logStreamName="s"))
    now = int(time.time() * 1000)
    book.note("logs: lines are put", lambda: logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[
        {"timestamp": now + n, "message": text} for n, text in enumerate(("one", "two ERROR", "three"))
    ]))
    texts = lambda answer: [event["message"] for event in answer["events"]]
    read = lambda **extra: logs.get_log_events(logGroupName=group, logStreamName="s", **extra)
    book.note("logs: they are read from the head", lambda: read(startFromHead=True), texts)
    book.note("logs: the first of them", lambda: read(startFromHead=True, limit=1), texts)
    book.note("logs: the last of them", lambda: read(limit=1), texts)
    book.note("logs: those from a time on", lambda: read(startTime=now + 1, startFromHead=True), texts)
    book.note("logs: of an unknown stream", lambda: logs.get_log_events(logGroupName=group, logStreamName="none"))
    book.note(
        "logs: they are filtered", lambda: logs.filter_log_events(logGroupName=group, filterPattern="ERROR"), texts,
    )
    book.note(
        "logs: groups are found by prefix", lambda: logs.describe_log_groups(logGroupNamePrefix=group),
        lambda answer: [one["logGroupName"] for one in answer["logGroups"]],
    )
    book.note(
        "logs: streams are found", lambda: logs.describe_log_streams(logGroupName=group),
        lambda answer: [one["logStreamName"] for one in answer["logStreams"]],
    )
    book.note("logs: streams of no group", lambda: logs.describe_log_streams(logGroupName="/none"))


if __name__ == "__main__":
    main()
