#!/usr/bin/env python3
"""Verifies the DSSE envelope of a Sigstore bundle, or a bare one, with securesystemslib.

Usage: dsse_verify.py BUNDLE PUBKEY   exit code 0 and the statement's subjects as JSON when the key signed it, 1 otherwise.
Needs the packages of requirements.txt beside this file. The key's name is worked out here from OpenSSH's own wire form.
"""

import base64
import hashlib
import json
import sys

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey


def fingerprint(public_key):
    """What `ssh-keygen -l` shows."""
    wire = base64.b64decode(public_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")


def main(bundle_path, key_path):
    with open(bundle_path, encoding="utf-8") as file:
        bundle = json.load(file)
    with open(key_path, "rb") as file:
        public_key = load_pem_public_key(file.read())
    envelope = Envelope.from_dict(bundle.get("dsseEnvelope", bundle))
    key = SSlibKey.from_crypto(public_key, keyid=fingerprint(public_key))
    accepted = envelope.verify([key], threshold=1)
    if envelope.payload_type != "application/vnd.in-toto+json":
        raise ValueError(f"payload type is {envelope.payload_type}")
    statement = json.loads(envelope.payload)
    if statement["_type"] != "https://in-toto.io/Statement/v1":
        raise ValueError(f"statement type is {statement['_type']}")
    result = {
        "keyids": sorted(accepted),
        "predicateType": statement["predicateType"],
        "subjects": [subject["digest"]["sha256"] for subject in statement["subject"]],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except Exception as error:  # any reason not to believe it is a no
        print(f"rejected: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
