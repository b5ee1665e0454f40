"""API Gateway's mapping templates: a Velocity engine with API Gateway's variables.

The engine is airspeed-ext, which is tested against AWS. The variables are those of "Mapping template variable
reference" in the API Gateway Developer Guide that infra/api-loopback/openapi.yaml uses; any other is an error.
"""

import json

import airspeed


def render(template, request, context):
    """Returns the rendered text. A template that overrides something changes `context`."""
    variables = {
        "input": Input(request),
        "util": Util(),
        "context": context,
        "stageVariables": Map(request.get("stage_variables") or {}),
    }
    return airspeed.Template(template).merge(variables)


class Map:
    """java.util.Map. Its methods precede its keys: a query may have a parameter named `get`."""

    METHODS = ("get", "keySet")

    def __init__(self, values):
        self.values = values

    def __getitem__(self, key):
        if key in self.METHODS:
            raise KeyError(key)
        return self.values[key]

    def get(self, key):
        return self.values.get(key)

    def keySet(self):
        return list(self.values)


class Input:
    """$input: body and parameters of the request."""

    def __init__(self, request):
        self.body = request.get("body") or ""
        self.parameters = {kind: request.get(kind) or {} for kind in ("path", "querystring", "header")}

    def json(self, path):
        return json.dumps(self.path(path), ensure_ascii=False, separators=(",", ":"))

    def path(self, path):
        names = path.split(".")
        if names.pop(0) != "$" or not all(name.isidentifier() for name in names):
            raise NotImplementedError(f"the path {path}: only $ and $.name.name are emulated")
        value = json.loads(self.body) if self.body else {}
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def params(self, name=None):
        if name is None:
            return Map({kind: Map(values) for kind, values in self.parameters.items()})
        return next((values[name] for values in self.parameters.values() if name in values), None)


class Util:
    """$util."""

    @staticmethod
    def escapeJavaScript(text):
        return None if text is None else escape_ecma_script(text)

    @staticmethod
    def parseJson(text):
        return json.loads(text)


ESCAPED = {
    "'": "\\'",
    '"': '\\"',
    "\\": "\\\\",
    "/": "\\/",
    "\b": "\\b",
    "\n": "\\n",
    "\t": "\\t",
    "\f": "\\f",
    "\r": "\\r",
}


def escape_ecma_script(text):
    """StringEscapeUtils.escapeEcmaScript of Apache Commons: its table first, then \\uXXXX for each UTF-16 unit outside
    of 32 to 127."""

    def escaped(character):
        if character in ESCAPED:
            return ESCAPED[character]
        if 32 <= ord(character) <= 127:
            return character
        units = character.encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{high:02X}{low:02X}" for high, low in zip(units[::2], units[1::2]))

    return "".join(map(escaped, text))
