#!/usr/bin/env python3
"""Judges dependency snapshots by GitHub's own description of its API, as generated Python models.

Usage: snapshot_validate.py FILE...   exit code 0 when all are valid, 1 otherwise.
Needs the packages of requirements.txt beside this file.
"""

import json
import sys

from githubkit_schemas.latest.models import Snapshot
from packageurl import PackageURL
from pydantic import ValidationError


def unknown_fields(model, value, path="$"):
    """The description allows no other fields; the generated models pass over them."""
    if isinstance(value, dict) and hasattr(type(model), "model_fields"):
        known = {field.alias or name: getattr(model, name) for name, field in type(model).model_fields.items()}
        extra = model.model_extra or {}
        for key, inner in value.items():
            if key in known:
                yield from unknown_fields(known[key], inner, f"{path}.{key}")
            elif key in extra:
                yield from unknown_fields(extra[key], inner, f"{path}.{key}")
            else:
                yield f"{path}.{key} is no field"


def faults_of(document):
    try:
        model = Snapshot.model_validate(document)
    except ValidationError as error:
        return [str(fault) for fault in error.errors()]
    faults = list(unknown_fields(model, document))
    for name, manifest in document["manifests"].items():
        for key, found in manifest["resolved"].items():
            if key != found["package_url"]:
                faults.append(f"{name}: {key} is {found['package_url']}")
            PackageURL.from_string(key)
            lost = [needed for needed in found.get("dependencies", []) if needed not in manifest["resolved"]]
            if lost:
                faults.append(f"{name}: {key} needs {lost}, which are not in the manifest")
    return faults


def main(paths):
    if not paths:
        sys.exit(__doc__)
    wrong = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            faults = faults_of(json.load(file))
        print(f"{path}: {'valid' if not faults else 'INVALID'}")
        for fault in faults[:20]:
            print(f"  {fault}")
        wrong += bool(faults)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
