"""Compares raw answers with the shapes of botocore's service models.

botocore's own parser drops unknown members and keeps wrong types, so a wrong answer can look right to a client; this
looks at the bytes. Unknown member, wrong type, value outside an enum, pattern or length, missing required member,
undeclared error: each is a finding.
"""

import json
import re
import xml.etree.ElementTree as ET

# Errors any AWS service may give, beside those its model declares per operation.
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
    "MissingAuthenticationToken", "SerializationException", "ThrottlingException", "Throttling",
    "UnrecognizedClientException", "ValidationError", "ValidationException", "NotImplemented",
}

# Values the documentation of a member lists and the enum of its shape forgot.
DOCUMENTED = {("ServiceDeploymentLifecycleStage", "PRE_PRODUCTION_TRAFFIC_SHIFT")}


class Referee:
    """Watches a boto3 client; `findings` has what was wrong, `answers` and `values` count what was looked at."""

    def __init__(self):
        self.findings = []
        self.answers = 0
        self.requests = 0
        self.values = 0
        self.operations = set()

    def watch(self, client):
        client.meta.events.register("before-parse", self._answer)
        client.meta.events.register("provide-client-params", self._request)

    def expect(self, condition, text):
        """A fact about behaviour that a shape cannot tell."""
        self.values += 1
        if not condition:
            self.findings.append(f"expected: {text}")

    def _request(self, params, model, **_):
        self.requests += 1
        if model.input_shape:
            Walk(self, f"{model.service_model.service_id}.{model.name} request").json(params, model.input_shape, "")

    def _answer(self, operation_model, response_dict, **_):
        self.answers += 1
        name = f"{operation_model.service_model.service_id}.{operation_model.name}"
        self.operations.add(name)
        walk = Walk(self, name)
        body, status = response_dict["body"], response_dict["status_code"]
        protocol = operation_model.service_model.resolved_protocol
        if protocol == "query":
            walk.query_answer(body, status, operation_model)
        elif protocol == "json":
            walk.json_answer(body, status, operation_model)
        else:
            walk.find("", f"spoken in {protocol}, which this referee cannot read")
        if "x-amzn-requestid" not in {key.lower() for key in response_dict["headers"]}:
            walk.find("", "no x-amzn-RequestId header")


class Walk:
    """One answer being compared with its shape."""

    def __init__(self, referee, name):
        self.referee = referee
        self.name = name

    def find(self, path, text):
        self.referee.findings.append(f"{self.name}: {path or 'the answer'}: {text}")

    # AWS JSON ------------------------------------------------------------------------------------------------------

    def json_answer(self, body, status, operation):
        try:
            value = json.loads(body)
        except ValueError as error:
            return self.find("", f"not JSON: {error}")
        if status >= 300:
            code = str(value.get("__type", "")).split("#")[-1]
            return self._error(code, value.get("message", value.get("Message")), operation)
        if operation.output_shape:
            self.json(value, operation.output_shape, "")

    def json(self, value, shape, path):
        self.referee.values += 1
        kind = shape.type_name
        if value is None:
            return self.find(path, f"null where {kind} is due")
        if kind == "structure":
            return self._json_structure(value, shape, path)
        if kind == "list" and isinstance(value, (list, tuple)):
            for number, member in enumerate(value):
                self.json(member, shape.member, f"{path}[{number}]")
            return self._length(len(value), shape, path)
        if kind == "map" and isinstance(value, dict):
            for key, member in value.items():
                self.json(key, shape.key, f"{path}.<key>")
                self.json(member, shape.value, f"{path}.{key}")
            return None
        return self._json_scalar(value, shape, path)

    def _json_structure(self, value, shape, path):
        if not isinstance(value, dict):
            return self.find(path, f"expected structure {shape.name}, got {value!r:.60}")
        if getattr(shape, "is_document_type", False):
            return None
        for key, member in value.items():
            if key in shape.members:
                self.json(member, shape.members[key], f"{path}.{key}")
            else:
                close = [name for name in shape.members if name.lower() == key.lower()]
                hint = f", is it {close[0]}?" if close else ""
                self.find(f"{path}.{key}", f"not a member of {shape.name}{hint}")
        for key in shape.required_members:
            if key not in value:
                self.find(f"{path}.{key}", f"required member of {shape.name} is missing")
        return None

    def _json_scalar(self, value, shape, path):
        kind = shape.type_name
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        right = {
            "string": isinstance(value, str),
            "blob": isinstance(value, (str, bytes)),
            "boolean": isinstance(value, bool),
            "integer": number and isinstance(value, int),
            "long": number and isinstance(value, int),
            "float": number,
            "double": number,
            "timestamp": number or hasattr(value, "isoformat"),
        }.get(kind, False)
        if not right:
            return self.find(path, f"expected {kind}, got {value!r:.60}")
        return self._constraints(value, shape, path)

    # Query -----------------------------------------------------------------------------------------------------------

    def query_answer(self, body, status, operation):
        try:
            root = ET.fromstring(body)
        except ET.ParseError as error:
            return self.find("", f"not XML: {error}")
        space = f"{{{operation.metadata['xmlNamespace']}}}"
        if status >= 300:
            plain = {child.tag.split("}")[-1]: child.text for child in root.iter()}
            return self._error(plain.get("Code", ""), plain.get("Message"), operation)
        if root.tag != f"{space}{operation.name}Response":
            self.find("", f"root element is {root.tag}")
        if root.find(f"{space}ResponseMetadata/{space}RequestId") is None:
            self.find("", "no ResponseMetadata/RequestId")
        if operation.output_shape:
            wrapper = operation.output_shape.serialization.get("resultWrapper", f"{operation.name}Result")
            result = root.find(f"{space}{wrapper}")
            if result is None:
                return self.find("", f"no {wrapper}")
            self.xml(result, operation.output_shape, "")
        return None

    def xml(self, element, shape, path):
        self.referee.values += 1
        kind = shape.type_name
        if kind == "structure":
            return self._xml_structure(element, shape, path)
        if kind == "list":
            member = shape.member.serialization.get("name", "member")
            for number, child in enumerate(element):
                if child.tag.split("}")[-1] != member:
                    self.find(f"{path}[{number}]", f"list element is {child.tag}, not {member}")
                self.xml(child, shape.member, f"{path}[{number}]")
            return self._length(len(element), shape, path)
        if kind == "map":
            return self.find(path, "a map in Query, which this referee cannot read")
        return self._xml_scalar(element.text or "", shape, path)

    def _xml_structure(self, element, shape, path):
        names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        seen = set()
        for child in element:
            name = child.tag.split("}")[-1]
            if name not in names:
                self.find(f"{path}.{name}", f"not a member of {shape.name}")
            elif name in seen and not names[name].serialization.get("flattened"):
                self.find(f"{path}.{name}", "given twice")
            else:
                self.xml(child, names[name], f"{path}.{name}")
            seen.add(name)
        for name in set(shape.required_members) - seen:
            self.find(f"{path}.{name}", f"required member of {shape.name} is missing")

    def _xml_scalar(self, text, shape, path):
        forms = {
            "integer": r"-?\d+", "long": r"-?\d+", "boolean": r"true|false",
            "double": r"-?\d+(\.\d+)?([eE][-+]?\d+)?", "float": r"-?\d+(\.\d+)?([eE][-+]?\d+)?",
            "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
        }
        form = forms.get(shape.type_name)
        if form and not re.fullmatch(form, text):
            return self.find(path, f"expected {shape.type_name}, got {text!r:.60}")
        value = int(text) if shape.type_name in ("integer", "long") else text
        return self._constraints(value, shape, path)

    # Both ------------------------------------------------------------------------------------------------------------

    def _constraints(self, value, shape, path):
        kind, metadata = shape.type_name, shape.metadata
        if kind == "string":
            allowed = getattr(shape, "enum", None) or metadata.get("enum")
            if allowed and value not in allowed and (shape.name, value) not in DOCUMENTED:
                self.find(path, f"{value!r:.60} is not in enum {shape.name}")
            pattern = metadata.get("pattern")
            if pattern and not _fits(pattern, value):
                self.find(path, f"{value!r:.60} does not fit {pattern}")
            self._length(len(value), shape, path)
        elif kind in ("integer", "long", "float", "double"):
            low, high = metadata.get("min"), metadata.get("max")
            if (low is not None and value < low) or (high is not None and value > high):
                self.find(path, f"{value} is not from {low} to {high}")

    def _length(self, length, shape, path):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and length < low) or (high is not None and length > high):
            self.find(path, f"length {length} is not from {low} to {high}")

    def _error(self, code, message, operation):
        declared = {shape.name for shape in operation.error_shapes}
        declared |= {shape.error_code for shape in operation.error_shapes if shape.error_code}
        if code not in declared | COMMON_ERRORS:
            self.find("", f"error {code!r} is not one {operation.name} declares: {sorted(declared)}")
        if not message:
            self.find("", f"error {code!r} has no message")


def _fits(pattern, value):
    try:
        return re.search(f"(?:{pattern})", value) is not None
    except re.error:
        # Java's regular expressions have forms that Python's lack.
        return True
