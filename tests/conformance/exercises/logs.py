"""CloudWatch Logs and one-off tasks: a task is run, waited for by boto3's waiters, and its lines are read in every way."""

import sys
import time


def run(world):
    ecs, logs = world.client("ecs"), world.client("logs")
    group = f"/jobs/{world.run}"
    logs.create_log_group(logGroupName=group, tags={"team": "conformance"})
    world.refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName=group)
    by_hand(world, logs, group)
    cluster = f"jobs-{world.run}"
    ecs.create_cluster(clusterName=cluster)
    digest = world.push_image("conformance/job", "v1")
    definition = ecs.register_task_definition(
        family="conformance-job", networkMode="awsvpc",
        containerDefinitions=[{
            "name": "job", "image": f"{world.host}/conformance/job@{digest}", "essential": True,
            "entryPoint": [sys.executable, "-c"], "command": ["print('done'); raise SystemExit(3)"],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": group, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs",
            }},
        }],
        tags=[{"key": "team", "value": "conformance"}],
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    started = ecs.run_task(
        cluster=cluster, taskDefinition=definition, launchType="FARGATE", networkConfiguration=network, count=2,
        startedBy="conformance", propagateTags="TASK_DEFINITION", clientToken=world.run,
        overrides={"containerOverrides": [{"name": "job", "environment": [{"name": "A", "value": "b"}]}]},
    )
    world.expect(not started["failures"] and len(started["tasks"]) == 2, f"two tasks, got {started}")
    arns = [task["taskArn"] for task in started["tasks"]]
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=arns, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns, include=["TAGS"])["tasks"]
    codes = [task["containers"][0]["exitCode"] for task in tasks]
    world.expect(codes == [3, 3], f"the exit codes of both, got {codes}")
    world.expect(tasks[0]["tags"] == [{"key": "team", "value": "conformance"}], f"the tags, got {tasks[0]['tags']}")
    found = logs.filter_log_events(logGroupName=group, logStreamNamePrefix="ecs/job/", filterPattern="done")["events"]
    world.expect(len(found) == 2, f"a line of each task, got {found}")
    world.refused(
        "InvalidParameterException", ecs.run_task, cluster=cluster, taskDefinition=definition,
    )
    world.refused("ClusterNotFoundException", ecs.run_task, cluster="nowhere", taskDefinition=definition)
    world.refused("ClientException", ecs.run_task, cluster=cluster, taskDefinition="nothing:1")


def by_hand(world, logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="hand")
    world.refused(
        "ResourceAlreadyExistsException", logs.create_log_stream, logGroupName=group, logStreamName="hand",
    )
    now = time.time_ns() // 1_000_000
    logs.put_log_events(logGroupName=group, logStreamName="hand", logEvents=[
        {"timestamp": now + n, "message": f"line {n}"} for n in range(30)
    ])
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, logStreamNames=["hand"], PaginationConfig={"PageSize": 7},
    )
    lines = [event["message"] for page in pages for event in page["events"]]
    world.expect(lines == [f"line {n}" for n in range(30)], f"every line once and in order, got {lines}")
    forward = logs.get_log_events(logGroupName=group, logStreamName="hand", startFromHead=True, limit=30)
    again = logs.get_log_events(
        logGroupName=group, logStreamName="hand", startFromHead=True, nextToken=forward["nextForwardToken"],
    )
    world.expect(again["nextForwardToken"] == forward["nextForwardToken"], "the same token at the end")
    streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    world.expect(streams[0]["firstEventTimestamp"] == now, f"the first event's time, got {streams[0]}")
    groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    world.expect(len(groups) == 1, f"one group of that name, got {groups}")
    other = f"{group}/gone"
    logs.create_log_group(logGroupName=other)
    logs.delete_log_group(logGroupName=other)
    world.refused("ResourceNotFoundException", logs.delete_log_group, logGroupName=other)
    world.refused("ResourceNotFoundException", logs.describe_log_streams, logGroupName=other)
    world.refused(
        "InvalidParameterException", logs.put_log_events, logGroupName=group, logStreamName="hand",
        logEvents=[{"timestamp": now + 1, "message": "b"}, {"timestamp": now, "message": "a"}],
    )
