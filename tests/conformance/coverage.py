"""Which operations there are: whatever an official model names and no exercise called must answer 501 with its name."""

import json
import urllib.parse

import botocore.session

SERVICES = ("ecr", "sts", "ecs", "elbv2", "cloudwatch", "logs", "codedeploy")


def check(world):
    """Every operation that neither was exercised nor answers 501 is a finding: it would be believed unseen."""
    session = botocore.session.get_session()
    for service in SERVICES:
        model = session.get_service_model(service)
        for name in model.operation_names:
            if f"{model.service_id}.{name}" not in world.referee.operations:
                status, answer = ask(world, model, name)
                world.expect(
                    status == 501 and name in answer,
                    f"{service} {name} to answer 501 with its name, or to be exercised; got {status} {answer[:120]!r}",
                )


def ask(world, model, name):
    if "json" in model.protocols:
        version = model.metadata.get("jsonVersion", "1.1")
        headers = {
            "X-Amz-Target": f"{model.metadata['targetPrefix']}.{name}",
            "Content-Type": f"application/x-amz-json-{version}",
        }
        body = json.dumps({})
    else:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode({"Action": name, "Version": model.api_version})
    # Signed by name only: unsigned STS calls are refused before their operation is looked at.
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={world.env['AWS_ACCESS_KEY_ID']}/20260101/eu-west-1/x/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    status, _, answer = world.http("POST", "/", body.encode(), headers)
    return status, answer.decode()
