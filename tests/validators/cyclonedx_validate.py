#!/usr/bin/env python3
"""Judges CycloneDX files, JSON and XML, with the official Python library and an independent purl library.

Usage: cyclonedx_validate.py FILE...   exit code 0 when all are valid, 1 otherwise. An XML file that follows a JSON file of
the same serial number must also say the same.
Needs the packages of requirements.txt beside this file.
"""

import json
import re
import sys
from urllib.parse import unquote

from cyclonedx.model.bom import Bom
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.validation.xml import XmlValidator
from lxml import etree
from packageurl import PackageURL


def schema_faults(text, document):
    version = SchemaVersion.from_version(document.get("specVersion", "none"))
    fault = JsonStrictValidator(version).validate_str(text)
    return [f"schema {version.to_version()}: {fault}"] if fault else []


def every_component(document):
    """The components with those inside them, however deep."""
    for component in document.get("components", []):
        yield component
        yield from every_component(component)


def reference_faults(document):
    """What the schema cannot say: references are unique, lead somewhere, and leave nobody out."""
    root = document["metadata"]["component"]["bom-ref"]
    refs = [root] + [component["bom-ref"] for component in every_component(document)]
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
    components = [document["metadata"]["component"], *every_component(document)]
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
        # A group may stand apart or in the name; what the purl calls the package is the end of either.
        full = f"{parsed.namespace}/{parsed.name}" if parsed.namespace else parsed.name
        stated = f"{component['group']}/{component['name']}" if "group" in component else component["name"]
        one, two = unquote(full).lower(), stated.lower()
        if parsed.type != "oci" and not (f"/{one}".endswith(f"/{two}") or f"/{two}".endswith(f"/{one}")):
            faults.append(f"purl names {full}, the component {stated}")
        if parsed.version != component.get("version"):
            faults.append(f"purl has version {parsed.version}, the component {component.get('version')}")
    return faults


def json_faults(text):
    document = json.loads(text)
    faults = schema_faults(text, document)
    return faults or reference_faults(document) + purl_faults(document)


def xml_faults(text, twin):
    version = SchemaVersion.from_version(re.search(r"cyclonedx.org/schema/bom/([0-9.]+)", text).group(1))
    fault = XmlValidator(version).validate_str(text)
    if fault:
        return [f"schema {version.to_version()}: {fault}"]
    root = etree.fromstring(text.encode())
    if twin is None or json.loads(twin).get("serialNumber") != root.get("serialNumber"):
        return []
    return twin_faults(json.loads(twin), Bom.from_xml(root))


def twin_faults(document, other):
    """Whether a JSON and an XML document say the same, as the library reads both and as far as it knows the fields."""

    def said(bom):
        version = SchemaVersion.from_version(document["specVersion"])
        bom.metadata.timestamp = None  # without one the library says now
        return in_order(json.loads(make_outputter(bom, OutputFormat.JSON, version).output_as_string()))

    one, two = said(Bom.from_json(document)), said(other)
    return [f"JSON and XML differ in {name}" for name in sorted(one.keys() | two.keys()) if one.get(name) != two.get(name)]


def in_order(value):
    """The library keeps sets, whose order means nothing."""
    if isinstance(value, dict):
        return {key: in_order(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((in_order(inner) for inner in value), key=json.dumps)
    return value


def main(paths):
    if not paths:
        sys.exit(__doc__)
    wrong, twin = 0, None
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if text.startswith("<"):
            faults = xml_faults(text, twin)
        else:
            faults, twin = json_faults(text), text
        print(f"{path}: {'valid' if not faults else 'INVALID'}")
        for fault in faults[:20]:
            print(f"  {fault}")
        wrong += bool(faults)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
