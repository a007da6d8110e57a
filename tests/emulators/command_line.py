#!/usr/bin/env python3
"""command_line.py ENDPOINT: the AWS command line walks a canary, a one-off task, an alarm and a CodeDeploy deployment."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent / "conformance"))

SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", "2"); self.end_headers(); self.wfile.write(b"ok")
http.server.ThreadingHTTPServer((os.environ["HOST"], 8080), Handler).serve_forever()
"""


class Walk:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        env = json.load(urllib.request.urlopen(f"{endpoint}/_sandbox/env", timeout=10))
        self.env = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": endpoint, "AWS_PAGER": "", "HOME": "/nowhere", **env}
        self.env["AWS_DEFAULT_REGION"] = env["AWS_REGION"]
        self.run = f"{time.time_ns() // 1000 % 36**6:x}"
        self.commands = 0

    def aws(self, *words):
        """One command; its answer as JSON where it gives one."""
        self.commands += 1
        program = [str(Path(sys.executable).parent / "aws"), "--output", "json", *words]
        done = subprocess.run(program, env=self.env, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)[:200]} ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout

    def admin(self, what, body):
        request = urllib.request.Request(
            f"{self.endpoint}/_sandbox/{what}", json.dumps(body).encode(), {"content-type": "application/json"},
        )
        return json.load(urllib.request.urlopen(request, timeout=30))

    def until(self, what, look):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.2)
        return sys.exit(f"never: {what}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    walk = Walk(sys.argv[1].rstrip("/"))
    image = push(walk)
    canary(walk, image)
    one_off(walk, image)
    code_deploy(walk, image)
    print(f"command line: {walk.commands} commands, nothing refused")


def push(walk):
    """An image that serves HTTP, pushed through the world of the conformance scripts."""
    from world import World

    world = World(walk.endpoint)
    repository = f"cli-{walk.run}"
    digest = world.push_image(repository, "v1")
    return f"{world.host}/{repository}@{digest}"


def canary(walk, image):
    cluster = f"cli-{walk.run}"
    built = walk.admin("services", {
        "cluster": cluster, "service": "web", "image": image, "container_port": 8080, "desired_count": 1,
        "second_target_group": True,
    })
    walk.aws("ecs", "wait", "services-stable", "--cluster", cluster, "--services", "web")
    walk.until("the first deployment is over", lambda: newest(walk, cluster)["status"] == "SUCCESSFUL")
    configuration = {
        "strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 25.0, "canaryBakeTimeInMinutes": 0},
    }
    walk.aws(
        "ecs", "update-service", "--cluster", cluster, "--service", "web", "--force-new-deployment",
        "--deployment-configuration", json.dumps(configuration),
    )
    done = walk.until("the canary is over", lambda: [
        one for one in [newest(walk, cluster)] if one["status"] == "SUCCESSFUL" and one.get("lifecycleStage")
    ])[0]
    if done["targetServiceRevision"]["requestedProductionTrafficWeight"] != 100.0:
        sys.exit(f"the canary did not get all of the traffic: {done}")
    rules = walk.aws("elbv2", "describe-rules", "--rule-arns", built["production_rule_arn"])["Rules"]
    groups = rules[0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
    live = [group["TargetGroupArn"] for group in groups if group["Weight"] > 0]
    if live != [built["alternate_target_group_arn"]]:
        sys.exit(f"the other target group is not live: {groups}")
    health = walk.aws("elbv2", "describe-target-health", "--target-group-arn", live[0])["TargetHealthDescriptions"]
    if [one["TargetHealth"]["State"] for one in health] != ["healthy"]:
        sys.exit(f"the live target is not healthy: {health}")
    walk.aws("elbv2", "modify-rule", "--rule-arn", built["production_rule_arn"], "--actions", json.dumps([{
        "Type": "forward", "ForwardConfig": {"TargetGroups": groups},
    }]))


def newest(walk, cluster):
    listed = walk.aws("ecs", "list-service-deployments", "--cluster", cluster, "--service", "web")["serviceDeployments"]
    arn = listed[0]["serviceDeploymentArn"]
    return walk.aws("ecs", "describe-service-deployments", "--service-deployment-arns", arn)["serviceDeployments"][0]


def one_off(walk, image):
    """A task that ends by itself, its lines, and an alarm that is set by hand."""
    cluster, group = f"cli-{walk.run}", f"/cli/{walk.run}"
    walk.aws("logs", "create-log-group", "--log-group-name", group)
    definition = walk.aws(
        "ecs", "register-task-definition", "--family", f"job-{walk.run}", "--network-mode", "awsvpc",
        "--container-definitions", json.dumps([{
            "name": "job", "image": image, "essential": True, "entryPoint": ["/bin/sh", "-c"],
            "command": ["echo migrated; exit 3"],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": group, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs",
            }},
        }]),
    )["taskDefinition"]["taskDefinitionArn"]
    task = walk.aws(
        "ecs", "run-task", "--cluster", cluster, "--task-definition", definition, "--network-configuration",
        "awsvpcConfiguration={subnets=[subnet-1]}",
    )["tasks"][0]["taskArn"]
    walk.aws("ecs", "wait", "tasks-stopped", "--cluster", cluster, "--tasks", task)
    ended = walk.aws("ecs", "describe-tasks", "--cluster", cluster, "--tasks", task)["tasks"][0]
    if ended["containers"][0].get("exitCode") != 3:
        sys.exit(f"the exit code is not 3: {ended}")
    lines = walk.aws("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "migrated")["events"]
    if len(lines) != 1:
        sys.exit(f"not the one line of the task: {lines}")
    name = f"cli-{walk.run}"
    walk.aws(
        "cloudwatch", "put-metric-alarm", "--alarm-name", name, "--namespace", "x", "--metric-name", "y", "--statistic",
        "Sum", "--period", "60", "--evaluation-periods", "1", "--threshold", "1", "--comparison-operator",
        "GreaterThanThreshold",
    )
    walk.aws("cloudwatch", "set-alarm-state", "--alarm-name", name, "--state-value", "ALARM", "--state-reason", "by hand")
    states = [one["StateValue"] for one in walk.aws("cloudwatch", "describe-alarms", "--alarm-names", name)["MetricAlarms"]]
    if len(states) != 1:
        sys.exit(f"not the one alarm: {states}")


def code_deploy(walk, image):
    """`aws ecs deploy` registers a task definition, has CodeDeploy deploy it, and waits for its end."""
    cluster = f"clicd-{walk.run}"
    built = walk.admin("services", {
        "cluster": cluster, "service": "web", "image": image, "container_port": 8080, "desired_count": 1,
        "deployment_controller": "CODE_DEPLOY",
    })
    described = lambda: walk.aws("ecs", "describe-services", "--cluster", cluster, "--services", "web")["services"][0]
    walk.until("the first task set is steady", lambda: described()["taskSets"][0]["stabilityStatus"] == "STEADY_STATE")
    definition = walk.aws("ecs", "describe-task-definition", "--task-definition", built["task_definition_arn"])
    keep = ("family", "networkMode", "containerDefinitions", "requiresCompatibilities", "cpu", "memory")
    with tempfile.TemporaryDirectory() as folder:
        task_definition, app_spec = Path(folder, "task-definition.json"), Path(folder, "appspec.yaml")
        task_definition.write_text(json.dumps({key: definition["taskDefinition"][key] for key in keep}))
        app_spec.write_text(
            "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n"
            '        TaskDefinition: "to be filled in"\n        LoadBalancerInfo:\n          ContainerName: web\n'
            "          ContainerPort: 8080\n"
        )
        text = walk.aws(
            "ecs", "deploy", "--cluster", cluster, "--service", "web", "--task-definition", str(task_definition),
            "--codedeploy-appspec", str(app_spec), "--codedeploy-application", built["application_name"],
            "--codedeploy-deployment-group", built["deployment_group_name"],
        )
    if "Successfully deployed" not in text:
        sys.exit(f"aws ecs deploy did not say that it deployed: {text}")
    live = described()["taskSets"]
    if [one["loadBalancers"][0]["targetGroupArn"] for one in live] != [built["alternate_target_group_arn"]]:
        sys.exit(f"the other target group is not live: {live}")


if __name__ == "__main__":
    main()
