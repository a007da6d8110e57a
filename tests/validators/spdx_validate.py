#!/usr/bin/env python3
"""Judges SPDX 2.3 and 3.0 JSON files.

Usage: spdx_validate.py JARS FILE...   exit code 0 when all are valid, 1 otherwise. JARS is the folder of the SPDX project's
Java tool, whose archives hold the official schemas. 2.3 is judged by the JSON schema and by spdx-tools; 3.0 by the JSON
schema, by the SHACL model, and by the bindings generated from the model.
Needs the packages of requirements.txt beside this file.
"""

import functools
import glob
import json
import sys
import zipfile
from io import BytesIO

import jsonschema
import pyshacl
import rdflib
from spdx_python_model import v3_0_1
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"


class Official:
    """The files of the SPDX project, out of its jars."""

    def __init__(self, folder):
        self.archives = [zipfile.ZipFile(path) for path in glob.glob(f"{folder}/*spdx*.jar") + glob.glob(f"{folder}/tools-java*.jar")]

    @functools.cached_property
    def model(self):
        return rdflib.Graph().parse(data=json.dumps(self.read("spdx-model-v3.0.1.jsonld")), format="json-ld")

    def read(self, name):
        for archive in self.archives:
            if f"resources/{name}" in archive.namelist():
                return json.loads(archive.read(f"resources/{name}"))
        sys.exit(f"no {name} in the jars")


def schema_faults(document, schema):
    kind = jsonschema.validators.validator_for(schema)
    found = kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(document)
    return [f"schema: {fault.json_path}: {fault.message[:300]}" for fault in found]


def faults_2(document, official):
    faults = schema_faults(document, official.read("spdx-schema-v2.3.json"))
    try:
        parsed = JsonLikeDictParser().parse(document)
    except SPDXParsingError as error:
        return faults + [f"spdx-tools: {message}" for message in error.get_messages()]
    return faults + [f"spdx-tools: {fault.validation_message}" for fault in validate_full_spdx_document(parsed)]


def faults_3(document, text, official):
    faults = schema_faults(document, official.read("schema-v3.0.1.json"))
    # The context comes from the jar: nothing is fetched.
    local = {**document, "@context": official.read("spdx-context-v3.0.1.jsonld")["@context"]}
    graph = rdflib.Graph().parse(data=json.dumps(local), format="json-ld")
    sound, _, words = pyshacl.validate(graph, shacl_graph=official.model, ont_graph=official.model)
    faults += [] if sound else [f"SHACL: {words[:3000]}"]
    objects = v3_0_1.SHACLObjectSet()
    try:
        v3_0_1.JSONLDDeserializer().read(BytesIO(text.encode()), objects)
    except Exception as error:  # the bindings raise many kinds
        faults.append(f"bindings: {error!r}")
    faults += [f"bindings: {missing} leads nowhere" for missing in sorted(objects.missing_ids) if "spdx.org" not in missing]
    return faults


def main(folder, paths):
    official = Official(folder)
    wrong = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        document = json.loads(text)
        faults = faults_3(document, text, official) if document.get("@context") == CONTEXT else faults_2(document, official)
        print(f"{path}: {'valid' if not faults else 'INVALID'}")
        for fault in faults[:20]:
            print(f"  {fault}")
        wrong += bool(faults)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
