#!/usr/bin/env python3
"""Judges CycloneDX JSON files with the official validator and an independent purl library.

Usage: cyclonedx_validate.py FILE...   exit code 0 when all are valid, 1 otherwise.
Needs the packages of requirements.txt beside this file.
"""

import json
import sys
from urllib.parse import unquote

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL


def schema_faults(text, document):
    version = SchemaVersion.from_version(document.get("specVersion", "none"))
    fault = JsonStrictValidator(version).validate_str(text)
    return [f"schema {version.to_version()}: {fault}"] if fault else []


def reference_faults(document):
    """What the schema cannot say: references are unique, lead somewhere, and leave nobody out."""
    root = document["metadata"]["component"]["bom-ref"]
    refs = [root] + [component["bom-ref"] for component in document.get("components", [])]
    entries = [entry["ref"] for entry in document["dependencies"]]
    named = {ref for entry in document["dependencies"] for ref in entry.get("dependsOn", [])}
    for composition in document.get("compositions", []):
        named.update(composition.get("assemblies", []), composition.get("dependencies", []))
    faults = []
    if len(set(refs)) != len(refs):
        faults.append("a bom-ref is not unique")
    if sorted(entries) != sorted(refs):
        faults.append(f"dependency entries and components differ: {sorted(set(entries) ^ set(refs))[:5]}")
    if named - set(refs):
        faults.append(f"references lead nowhere: {sorted(named - set(refs))[:5]}")
    edges = {entry["ref"]: entry.get("dependsOn", []) for entry in document["dependencies"]}
    reached, stack = set(), [root]
    while stack:
        ref = stack.pop()
        if ref not in reached:
            reached.add(ref)
            stack.extend(edges.get(ref, []))
    if set(refs) - reached:
        faults.append(f"not reachable from the root: {sorted(set(refs) - reached)[:5]}")
    return faults


def purl_faults(document):
    components = [document["metadata"]["component"], *document.get("components", [])]
    faults = []
    for component in components:
        purl = component.get("purl")
        if purl is None:
            continue
        parsed = PackageURL.from_string(purl)
        # The library predates purl-spec 1.0.1, where a colon is never encoded and a slash in a qualifier always is;
        # all else must be the same.
        again = parsed.to_string().replace("%3A", ":")
        if again.replace("%2F", "/") != purl.replace("%2F", "/"):
            faults.append(f"purl is not canonical: {purl} (should be {again})")
        full = f"{parsed.namespace}/{parsed.name}" if parsed.namespace and parsed.type == "npm" else parsed.name
        stated = f"{component['group']}/{component['name']}" if "group" in component else component["name"]
        if parsed.type not in ("oci",) and unquote(full).lower() != stated.lower():
            faults.append(f"purl names {full}, the component {stated}")
        if parsed.version != component.get("version"):
            faults.append(f"purl has version {parsed.version}, the component {component.get('version')}")
    return faults


def main(paths):
    if not paths:
        sys.exit(__doc__)
    wrong = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        document = json.loads(text)
        faults = schema_faults(text, document)
        faults = faults or reference_faults(document) + purl_faults(document)
        print(f"{path}: {'valid' if not faults else 'INVALID'}, {len(document.get('components', []))} components")
        for fault in faults[:20]:
            print(f"  {fault}")
        wrong += bool(faults)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
