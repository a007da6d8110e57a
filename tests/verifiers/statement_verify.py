#!/usr/bin/env python3
"""Judges in-toto statements whose predicate is one of ours by the schema of docs/predicates.

Usage: statement_verify.py STATEMENT...   exit code 0 when each follows its schema, 1 otherwise.
Needs the packages of requirements.txt beside this file.
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "predicates"


def main(paths):
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")]
    for schema in schemas:
        Draft202012Validator.check_schema(schema)
    by_type = {schema["$id"]: schema for schema in schemas}
    faults = 0
    for path in paths:
        statement = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        schema = by_type[statement["predicateType"]]
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        for fault in validator.iter_errors(statement["predicate"]):
            faults += 1
            print(f"{path}: {fault.json_path}: {fault.message}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 1 else __doc__)
