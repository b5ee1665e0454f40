"""API Gateway's mapping templates: a Velocity engine with API Gateway's own variables.

The engine is airspeed-ext, which is made to agree with AWS. What stands here are the variables of "Mapping template
variable reference" in the API Gateway Developer Guide, as far as they are needed; what is not here is an error.
"""

import base64
import json
import urllib.parse

import airspeed


class NotJson(Exception):
    """The body is no JSON, but a template asks for some of it."""


def render(template, request, context):
    """The template's text. `context` is changed where the template overrides something."""
    variables = {
        "input": Input(request),
        "util": Util(),
        "context": context,
        "stageVariables": Map(request.get("stage_variables") or {}),
    }
    return airspeed.Template(template).merge(variables)


class Map:
    """A java.util.Map. Its methods come before its keys: a query may have a parameter named `get`."""

    METHODS = ("get", "keySet", "containsKey", "size", "isEmpty")

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

    def containsKey(self, key):
        return key in self.values

    def size(self):
        return len(self.values)

    def isEmpty(self):
        return not self.values


class Input:
    """$input: the body and the parameters of what came in."""

    def __init__(self, request):
        self.body = request.get("body") or ""
        self.parameters = {kind: request.get(kind) or {} for kind in ("path", "querystring", "header")}

    def json(self, path):
        return json.dumps(self.path(path), ensure_ascii=False, separators=(",", ":"))

    def path(self, path):
        try:
            value = json.loads(self.body) if self.body else {}
        except ValueError as error:
            raise NotJson(str(error)) from error
        names = path.split(".")
        if names.pop(0) != "$" or not all(name.isidentifier() for name in names):
            raise NotImplementedError(f"the path {path}: only $ and $.name.name are emulated")
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def params(self, name=None):
        if name is None:
            return Map({kind: Map(values) for kind, values in self.parameters.items()})
        for values in self.parameters.values():
            if name in values:
                return values[name]
        return None


class Util:
    """$util."""

    @staticmethod
    def escapeJavaScript(text):
        return None if text is None else escape_ecma_script(text)

    @staticmethod
    def parseJson(text):
        return json.loads(text)

    @staticmethod
    def urlEncode(text):
        return urllib.parse.quote_plus(text, safe="*-._")

    @staticmethod
    def urlDecode(text):
        return urllib.parse.unquote_plus(text)

    @staticmethod
    def base64Encode(text):
        return base64.b64encode(text.encode()).decode()

    @staticmethod
    def base64Decode(text):
        return base64.b64decode(text).decode()


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
    """Apache Commons' StringEscapeUtils.escapeEcmaScript: its table first, then \\uXXXX for each UTF-16 unit of
    what lies outside of 32 to 127."""

    def escaped(character):
        if character in ESCAPED:
            return ESCAPED[character]
        if 32 <= ord(character) <= 127:
            return character
        units = character.encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{high:02X}{low:02X}" for high, low in zip(units[::2], units[1::2]))

    return "".join(map(escaped, text))
