"""What every exercise needs: the endpoint, its credentials, watched clients, raw HTTP, and an image to run."""

import base64
import gzip
import hashlib
import io
import json
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from referee import Referee

MANIFEST = "application/vnd.oci.image.manifest.v1+json"

# Answers 200 everywhere on the address the task got.
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", "2"); self.end_headers(); self.wfile.write(b"ok")
address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080")))
print("serving at", *address, flush=True)
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""


class World:
    def __init__(self, endpoint):
        self.endpoint = endpoint.rstrip("/")
        self.host = urllib.parse.urlsplit(self.endpoint).netloc
        self.referee = Referee()
        self.env = json.loads(self.http("GET", "/_sandbox/env")[2])
        self.login = None
        # Some things cannot be deleted here, so every run has names of its own.
        self.run = f"{time.time_ns() // 1000 % 36**6:x}"

    def client(self, service, credentials=None):
        credentials = credentials or {
            "AccessKeyId": self.env["AWS_ACCESS_KEY_ID"], "SecretAccessKey": self.env["AWS_SECRET_ACCESS_KEY"],
        }
        client = boto3.client(
            service, endpoint_url=self.endpoint, region_name=self.env["AWS_REGION"],
            aws_access_key_id=credentials["AccessKeyId"], aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=True),
        )
        self.referee.watch(client)
        return client

    def expect(self, condition, text):
        self.referee.expect(condition, text)

    def refused(self, code, call, **params):
        """The call must fail, with this code."""
        try:
            call(**params)
        except ClientError as error:
            self.expect(error.response["Error"]["Code"] == code, f"{code}, got {error}")
        else:
            self.expect(False, f"{code} for {params!r:.200}, but it succeeded")

    def wait(self, what, look, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.2)
        self.expect(False, f"{what} within {seconds} s")
        return None

    def http(self, method, path, body=None, headers=None):
        """Status, headers and body; no status is an exception."""
        request = urllib.request.Request(urllib.parse.urljoin(self.endpoint, path), data=body, method=method)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    # The registry -----------------------------------------------------------------------------------------------------

    def registry(self, method, path, body=None, headers=None):
        if self.login is None:
            data = self.client("ecr").get_authorization_token()["authorizationData"][0]
            self.login = data["authorizationToken"]
        return self.http(method, path, body, {"Authorization": f"Basic {self.login}", **(headers or {})})

    @property
    def password(self):
        self.registry("GET", "/v2/")
        return base64.b64decode(self.login).decode().removeprefix("AWS:")

    def push_blob(self, repository, content):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
        status, _, answer = self.registry("POST", path, content, {"Content-Type": "application/octet-stream"})
        if status != 201:
            sys.exit(f"pushing a blob answered {status}: {answer[:200]}")
        return digest

    def image(self, repository, label):
        """Pushes the blobs of an image that serves HTTP: its manifest, still to be put."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            content = SERVER.encode()
            entry = tarfile.TarInfo("app/server.py")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        plain = buffer.getvalue()
        layer = gzip.compress(plain, mtime=0)
        config = json.dumps({
            "architecture": "amd64", "os": "linux",
            "config": {"Entrypoint": [sys.executable, "-c", SERVER], "Env": ["PORT=8080"], "Labels": {"label": label}},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]},
        }).encode()
        return json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": self.push_blob(repository, config), "size": len(config),
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": self.push_blob(repository, layer), "size": len(layer),
            }],
        })

    def push_image(self, repository, tag):
        manifest = self.image(repository, tag).encode()
        path = f"/v2/{repository}/manifests/{tag}"
        status, headers, answer = self.registry("PUT", path, manifest, {"Content-Type": MANIFEST})
        if status != 201:
            sys.exit(f"pushing an image answered {status}: {answer[:200]}")
        return headers["Docker-Content-Digest"]
