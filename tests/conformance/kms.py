#!/usr/bin/env python3
"""A key service for tests: real signatures, and AWS's own model as the judge of every request.

Usage: kms.py   prints `http://127.0.0.1:PORT` and then the public key of alias/release as one line of base64 DER.
Keys: alias/release (P-256), alias/koblitz (secp256k1), alias/rsa (RSA), alias/forbidden (denies access),
alias/twice (hashes the digest once more, as an emulator was seen to do), alias/flaky (every second Sign is a 500).
"""

import base64
import http.server
import json

import botocore.session
from botocore.validate import ParamValidator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MODEL = botocore.session.get_session().get_service_model("kms")
P256 = ec.generate_private_key(ec.SECP256R1())
KEYS = {
    "alias/release": ("ECC_NIST_P256", ["ECDSA_SHA_256"], P256),
    "alias/twice": ("ECC_NIST_P256", ["ECDSA_SHA_256"], P256),
    "alias/flaky": ("ECC_NIST_P256", ["ECDSA_SHA_256"], P256),
    "alias/koblitz": ("ECC_SECG_P256K1", ["ECDSA_SHA_256"], ec.generate_private_key(ec.SECP256K1())),
    "alias/rsa": ("RSA_2048", ["RSASSA_PSS_SHA_256"], rsa.generate_private_key(65537, 2048)),
}
ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class Refusal(Exception):
    """The service says no: a code of the model, and why."""


def der(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def understood(operation, body):
    """The request, if AWS's own model takes it."""
    shape = MODEL.operation_model(operation).input_shape
    request = json.loads(body)
    for name, value in request.items():
        if name in shape.members and shape.members[name].type_name == "blob":
            request[name] = base64.b64decode(value, validate=True)
    unknown = set(request) - set(shape.members)
    report = ParamValidator().validate(request, shape)
    allowed = {name: member.enum for name, member in shape.members.items() if getattr(member, "enum", None)}
    wrong = [name for name, words in allowed.items() if name in request and request[name] not in words]
    if unknown or report.has_errors() or wrong:
        raise Refusal("ValidationException", f"{unknown or ''} {report.generate_report()} {wrong or ''}")
    return request


class Handler(http.server.BaseHTTPRequestHandler):
    signed = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            target = self.headers["x-amz-target"]
            prefix, _, operation = target.partition(".")
            if prefix != MODEL.metadata["targetPrefix"] or operation not in ("GetPublicKey", "Sign"):
                raise Refusal("UnknownOperationException", target)
            if self.headers["content-type"] != f"application/x-amz-json-{MODEL.metadata['jsonVersion']}":
                raise Refusal("SerializationException", self.headers["content-type"])
            scope = "/eu-west-1/kms/aws4_request"
            if scope not in self.headers.get("authorization", ""):
                raise Refusal("IncompleteSignatureException", "no signature for this service")
            self.answer(200, getattr(self, operation)(understood(operation, body)))
        except Refusal as refusal:
            code, why = refusal.args
            self.answer(500 if code == "KMSInternalException" else 400, {"__type": code, "message": why})

    def key(self, request):
        name = request["KeyId"]
        if name == "alias/forbidden":
            raise Refusal("AccessDeniedException", "User: ci is not authorized to perform: kms:GetPublicKey on it")
        if name not in KEYS and name != ARN:
            raise Refusal("NotFoundException", f"{name} is not found.")
        return KEYS.get(name, KEYS["alias/release"])

    def GetPublicKey(self, request):
        spec, algorithms, key = self.key(request)
        return {
            "KeyId": ARN, "PublicKey": base64.b64encode(der(key)).decode(), "KeySpec": spec,
            "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": algorithms,
        }

    def Sign(self, request):
        _, algorithms, key = self.key(request)
        message, algorithm = request["Message"], request["SigningAlgorithm"]
        if algorithm not in algorithms or request.get("MessageType") != "DIGEST" or len(message) != 32:
            raise Refusal("InvalidKeyUsageException", "digests of 32 bytes are signed here")
        Handler.signed += 1
        if request["KeyId"] == "alias/flaky" and Handler.signed % 2 == 1:
            raise Refusal("KMSInternalException", "try again")
        once = hashes.SHA256() if request["KeyId"] == "alias/twice" else Prehashed(hashes.SHA256())
        signature = key.sign(message, ec.ECDSA(once))
        return {"KeyId": ARN, "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": algorithm}

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    print(base64.b64encode(der(P256)).decode(), flush=True)
    server.serve_forever()
