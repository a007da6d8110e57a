#!/usr/bin/env python3
"""images.py ENDPOINT: a real skopeo pushes an OCI layout, promotes it inside the registry without changing its digest,
and reads it back. Needs `skopeo` on the PATH. Ends with 1 when a digest is not what it should be."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile

# The folder belongs to the repository; nothing is left in it.
sys.dont_write_bytecode = True

from world import MANIFEST, World  # noqa: E402


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    world = World(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        check(world, folder)
    for finding in world.referee.findings:
        print(f"finding: {finding}")
    print(f"images: {world.referee.values} facts checked, {len(world.referee.findings)} findings")
    sys.exit(1 if world.referee.findings else 0)


def check(world, folder):
    layout = os.path.join(folder, "layout")
    digest = write_layout(layout)
    stage, prod = f"docker://{world.host}/skopeo/stage", f"docker://{world.host}/skopeo/prod"
    to = ["--dest-tls-verify=false", "--dest-creds", f"AWS:{world.password}"]
    both = [*to, "--src-tls-verify=false", "--src-creds", f"AWS:{world.password}"]
    reading = ["--tls-verify=false", "--creds", f"AWS:{world.password}"]

    skopeo(world, "push the layout", "copy", "--preserve-digests", *to, f"oci:{layout}:v1", f"{stage}:v1")
    skopeo(world, "promote by digest", "copy", "--preserve-digests", *both, f"{stage}@{digest}", f"{prod}:v1")
    for place in (f"{stage}:v1", f"{prod}:v1"):
        found = skopeo(world, f"inspect {place}", "inspect", *reading, "--format", "{{.Digest}}", place)
        world.expect(found == digest, f"{place} to be {digest}, got {found}")
    tags = skopeo(world, "list tags", "list-tags", *reading, prod)
    world.expect(tags and json.loads(tags)["Tags"] == ["v1"], f"one tag, got {tags}")

    back = os.path.join(folder, "back")
    from_registry = ["--src-tls-verify=false", "--src-creds", f"AWS:{world.password}"]
    skopeo(world, "pull", "copy", "--preserve-digests", *from_registry, f"{prod}:v1", f"oci:{back}:v1")
    with open(os.path.join(back, "index.json"), encoding="utf-8") as file:
        pulled = json.load(file)["manifests"][0]["digest"]
    world.expect(pulled == digest, f"the pulled layout to have {digest}, got {pulled}")
    skopeo(world, "delete", "delete", *reading, f"{prod}@{digest}")
    status, _, _ = world.registry("GET", f"/v2/skopeo/prod/manifests/{digest}")
    world.expect(status == 404, f"the deleted image to be gone, got {status}")

    nobody = ["inspect", "--tls-verify=false", "--creds", "AWS:guess", f"{stage}:v1"]
    refused = subprocess.run(["skopeo", "--insecure-policy", *nobody], capture_output=True, text=True, check=False)
    world.expect(refused.returncode != 0, "a wrong password to be refused")


def skopeo(world, what, *arguments):
    done = subprocess.run(["skopeo", "--insecure-policy", *arguments], capture_output=True, text=True, check=False)
    world.expect(done.returncode == 0, f"skopeo to {what}: {done.stderr.strip()}")
    return done.stdout.strip()


def write_layout(folder):
    """An index of one image with three layers of different sizes, one of them larger than a chunk: its digest."""
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs)

    def blob(content):
        digest = hashlib.sha256(content).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as file:
            file.write(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    kind = "application/vnd.oci.image.layer.v1.tar"
    # Not archives: a registry must not care. Pseudo-random, so that nothing compresses.
    sizes = (0, 1000, 20_000_000)
    contents = [hashlib.shake_256(str(size).encode()).digest(size) for size in sizes]
    layers = [{"mediaType": kind, **blob(content)} for content in contents]
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }).encode()
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", **blob(config)}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    image = {"mediaType": MANIFEST, **blob(json.dumps(manifest, indent=3).encode())}
    image["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    with open(os.path.join(folder, "index.json"), "w", encoding="utf-8") as file:
        json.dump({"schemaVersion": 2, "manifests": [image]}, file)
    with open(os.path.join(folder, "oci-layout"), "w", encoding="utf-8") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)
    return image["digest"]


if __name__ == "__main__":
    main()
