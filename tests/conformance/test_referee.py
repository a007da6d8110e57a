"""The referee is no use if it finds nothing in wrong answers: each of these must be found. `strict.py` runs this first."""

import json

import botocore.session

from referee import Referee, Walk


def operation(service, name):
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def json_findings(service, name, answer, status=200):
    walk = Walk(Referee(), name)
    walk.json_answer(json.dumps(answer).encode(), status, operation(service, name))
    return walk.referee.findings


def xml_findings(inner, root="GetCallerIdentityResponse", status=200):
    walk = Walk(Referee(), "GetCallerIdentity")
    space = "https://sts.amazonaws.com/doc/2011-06-15/"
    tail = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>" if status == 200 else ""
    body = f'<{root} xmlns="{space}">{inner}{tail}</{root}>'
    walk.query_answer(body.encode(), status, operation("sts", "GetCallerIdentity"))
    return walk.referee.findings


def service(**members):
    return {"services": [members]}


def check():
    """Raises AssertionError when the referee lets something wrong pass or finds something in a right answer."""
    good = service(runningCount=1, deployments=[{"rolloutState": "COMPLETED", "createdAt": 1.5}])
    assert json_findings("ecs", "DescribeServices", good) == []
    for wrong, part in [
        (service(runningCount="3"), "expected integer"),
        (service(runningCount=True), "expected integer"),
        (service(runningCount=1.5), "expected integer"),
        (service(runningCount=None), "null"),
        (service(deployments={}), "expected list"),
        (service(deployments=[{"rolloutState": "DONE"}]), "not in enum"),
        (service(deployments=[{"Id": "x"}]), "is it id?"),
        (service(createdAt="2026-11-20T00:00:00Z"), "expected timestamp"),
    ]:
        found = json_findings("ecs", "DescribeServices", wrong)
        assert len(found) == 1 and part in found[0], (wrong, found)
    referrer = {"digest": "sha256:0", "mediaType": "x"}
    assert "missing" in json_findings("ecr", "ListImageReferrers", {"referrers": [referrer]})[0]
    repository = {"repositories": [{"registryId": "12"}]}
    assert "does not fit" in json_findings("ecr", "DescribeRepositories", repository)[0]
    undeclared = {"__type": "NoSuchThing", "message": "x"}
    assert "declares" in json_findings("ecr", "PutImage", undeclared, 400)[0]
    silent = {"__type": "LayersNotFoundException"}
    assert "no message" in json_findings("ecr", "PutImage", silent, 400)[0]

    result = "<GetCallerIdentityResult>{}</GetCallerIdentityResult>"
    assert xml_findings(result.format("<Arn>arn:aws:iam::123456789012:root</Arn>")) == []
    for wrong, part in [
        (result.format("<arn>x</arn>"), "not a member"),
        (result.format("<Arn>short</Arn>"), "length"),
        (result.format("<Account>1</Account><Account>2</Account>"), "twice"),
        ("", "no GetCallerIdentityResult"),
    ]:
        found = xml_findings(wrong)
        assert found and part in found[0], (wrong, found)
    assert "root element" in xml_findings(result.format(""), root="Other")[0]


if __name__ == "__main__":
    check()
