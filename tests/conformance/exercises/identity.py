"""GitHub's OIDC and STS: discovery and signatures checked by PyJWT, credentials used by boto3."""

import json
import time
import urllib.parse

import jwt

ROLE = "arn:aws:iam::123456789012:role/conformance"


def run(world):
    try:
        genuine(world)
        refusals(world)
    finally:
        set_claims(world, {})
        post(world, "/_sandbox/roles", {"default": {"subjects": ["repo:*"]}})


def genuine(world):
    set_claims(world, {"repository": "org/app", "environment": "production"})
    text = token(world)
    configuration = json.loads(world.http("GET", "/.well-known/openid-configuration")[2])
    keys = jwt.PyJWKClient(configuration["jwks_uri"])
    claims = jwt.decode(
        text, keys.get_signing_key_from_jwt(text).key, audience="sts.amazonaws.com",
        issuer=configuration["issuer"], algorithms=configuration["id_token_signing_alg_values_supported"],
        options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]},
    )
    world.expect(claims["sub"] == "repo:org/app:environment:production", f"GitHub's subject, got {claims['sub']}")
    unlisted = set(claims) - set(configuration["claims_supported"]) - {"environment"}
    world.expect(not unlisted, f"claims_supported to name {unlisted}")

    sts = world.client("sts")
    answer = sts.assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="job-1", WebIdentityToken=text, DurationSeconds=900,
    )
    world.expect(answer["Provider"].startswith("arn:aws:iam::"), "the provider's ARN")
    who = world.client("sts", answer["Credentials"]).get_caller_identity()
    world.expect(who["Arn"] == answer["AssumedRoleUser"]["Arn"], "the session to be the role")
    world.client("ecr", answer["Credentials"]).describe_repositories()
    world.expect(sts.get_caller_identity()["Account"] == "123456789012", "the account")
    sts.assume_role(RoleArn=ROLE, RoleSessionName="chained")


def refusals(world):
    sts = world.client("sts")
    asked = {"RoleArn": ROLE, "RoleSessionName": "job-1"}
    call = sts.assume_role_with_web_identity
    world.refused("InvalidIdentityToken", call, **asked, WebIdentityToken="garbage")
    world.refused("InvalidIdentityToken", call, **asked, WebIdentityToken=token(world, "sigstore"))
    set_claims(world, {"exp": int(time.time()) - 1})
    world.refused("ExpiredTokenException", call, **asked, WebIdentityToken=token(world))
    set_claims(world, {"iss": "https://token.actions.githubusercontent.com"})
    world.refused("InvalidIdentityToken", call, **asked, WebIdentityToken=token(world))
    set_claims(world, {})
    forged = jwt.encode(
        jwt.decode(token(world), options={"verify_signature": False}), "guess" * 10, algorithm="HS256",
        headers={"kid": jwt.get_unverified_header(token(world))["kid"]},
    )
    world.refused("InvalidIdentityToken", call, **asked, WebIdentityToken=forged)
    post(world, "/_sandbox/roles", {"roles": {ROLE: {"subjects": ["repo:org/other:*"]}}})
    world.refused("AccessDenied", call, **asked, WebIdentityToken=token(world))
    stranger = {"AccessKeyId": "AKIANOBODY0000000000", "SecretAccessKey": "guess"}
    world.refused("InvalidClientTokenId", world.client("sts", stranger).get_caller_identity)
    world.refused("UnrecognizedClientException", world.client("ecr", stranger).describe_repositories)


def token(world, audience="sts.amazonaws.com"):
    url = f"{world.env['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={urllib.parse.quote(audience)}"
    bearer = {"Authorization": f"Bearer {world.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    return json.loads(world.http("GET", url, headers=bearer)[2])["value"]


def set_claims(world, claims):
    post(world, "/_sandbox/oidc", claims)


def post(world, path, body):
    status, _, answer = world.http("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    world.expect(status == 200, f"{path} to answer 200, got {status} {answer[:200]}")
