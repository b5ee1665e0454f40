"""Reads the functions' sources: their AWS SDK calls, variables and metrics."""

import functools
import re

from .stack import ROOT

CRATES = ROOT / "crates"

#: IAM actions that are not named like the call. (Service Authorization Reference.)
ACTIONS = {
    ("apigateway", "get"): "apigateway:GET",
    ("apigateway", "update"): "apigateway:PATCH",
    ("apigatewayv2", "delete"): "apigateway:DELETE",
    ("apigatewayv2", "get"): "apigateway:GET",
    ("apigatewayv2", "update"): "apigateway:PATCH",
    ("lambda", "invoke"): "lambda:InvokeFunction",
    ("s3", "complete_multipart_upload"): "s3:PutObject",
    ("s3", "create_multipart_upload"): "s3:PutObject",
    ("s3", "head_object"): "s3:GetObject",
    ("s3", "list_objects_v2"): "s3:ListBucket",
    ("s3", "upload_part"): "s3:PutObject",
}
#: IAM prefixes that are not the SDK's name.
PREFIXES = {"cloudwatchlogs": "logs"}
#: The uses of a client that are understood. Any other use could hide a call.
KNOWN_USES = (
    r"\bfrom_conf\(client\)",
    r"\bclient:\s*(?:(?:OnceCell|LazyClient)<)?(?:Client|C)\b",
    r"\bclient:\s*(?:Client|OnceCell)::\w+",
    r"\bclient:\s*LazyClient::new\(\w+, client\)",
    r"\bclient:\s*(?:aws::)?lazy_client\(",
    r"\bclient:\s*\w+\.client\.clone\(\)",
    r"\bself\s*\.\s*client\s*\.\s*get\(\)",
    r"\bclient:\s*client\b",
    r"\blet client\s*=",
    r"\bfn client\b",
    r"\bself\s*\.\s*client\s*\(\)\s*\.\s*await",
    r"\bself\s*\.\s*client\s*\.\s*get_or_init\(",
    r"\bclient\s*\.\s*[a-z][a-z0-9_]*\s*\(",
)
#: Literals in the code: raw strings, a quotation mark as a character, and ordinary strings.
TEXTS = re.compile(r'''\br(#+)".*?"\1|\br"[^"]*"|'\\?"'|"(?:[^"\\]|\\.)*"''', re.DOTALL)
#: Methods that are not AWS calls.
NO_CALLS = {"clone", "get_or_init", "get"}


class UnknownUse(Exception):
    """The use of an SDK client from which its calls cannot be derived."""


def functions():
    """Returns the names of the function crates."""
    return sorted(path.parts[-3] for path in CRATES.glob("*/src/handler.rs"))


def code(path):
    """Returns a file without its tests and comments."""
    text = path.read_text().split("#[cfg(test)]")[0]
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


def databases(function):
    """The libraries for the database that the function uses."""
    manifest = (CRATES / function / "Cargo.toml").read_text()
    return [library for library in ("postgres-session", "stat-ledger") if library in manifest]


@functools.cache
def sources(function):
    """Returns the code of a function and of the libraries that it uses, by file."""
    own = {path: code(path) for path in sorted((CRATES / function / "src").rglob("*.rs"))}
    for library in databases(function):
        own |= {path: code(path) for path in sorted((CRATES / library / "src").rglob("*.rs"))}
    together = "\n".join(own.values())
    library = CRATES / "lambda-core/src"
    for module, sign in (("invoke.rs", "Invoker"), ("secrets.rs", "Secrets")):
        if re.search(rf"\b{sign}::", together):
            own[library / module] = code(library / module)
    return own


def calls(text, where="the source"):
    """Returns the AWS calls in a file, as (service, call)."""
    text = TEXTS.sub('""', text)
    clients = set(re.findall(r"\baws_sdk_(\w+)::(?:\{[^}]*\b)?Client\b", text))
    if not clients:
        if re.search(r"\baws_sdk_\w+::Client\b|\.send\(\)\s*\.await", text) and "reqwest" not in text:
            raise UnknownUse(f"{where} sends with an unknown client")
        return set()
    if len(clients) > 1:
        raise UnknownUse(f"{where} has clients of {sorted(clients)}: one file for one system")
    [service] = clients
    rest = text
    for use in KNOWN_USES:
        rest = re.sub(use, "", rest)
    if unknown := re.search(r".*\bclient\b.*", rest):
        raise UnknownUse(f"{where} uses a client in an unknown way: {unknown[0].strip()}")
    named = re.findall(r"\bclient\s*\.\s*([a-z][a-z0-9_]*)\s*\(", text)
    named = [call for call in named if call not in NO_CALLS]
    sent = len(re.findall(r"\.\s*(?:send\(\)|presigned\(|into_paginator\(\))", text))
    if sent != len(named):
        raise UnknownUse(f"{where} names {len(named)} calls ({', '.join(named)}) and sends {sent}")
    return {(service, call) for call in named}


def action(service, call):
    """Returns the IAM action of a call."""
    for key in ((service, call), (service, call.split("_")[0])):
        if key in ACTIONS:
            return ACTIONS[key]
    words = "".join(word.capitalize() for word in call.split("_"))
    return f"{PREFIXES.get(service, service)}:{words}"


@functools.cache
def actions(function):
    """Returns the IAM actions of all calls that a function makes."""
    found = set()
    for path, text in sources(function).items():
        found |= {action(*call) for call in calls(text, path.relative_to(ROOT))}
    return found


@functools.cache
def variables(function):
    """Returns the variables that a function reads, and the required ones.

    A required variable is a set of names, one of which must be set.
    """
    files = [path for path in sources(function) if "Variables" in code(path) and "lambda-core" not in path.parts]
    known, required = set(), set()
    for path in files:
        text = code(path)
        known |= set(re.findall(r'\bvariables\s*(?:\.\s*\w+\(|,)\s*"([A-Z0-9_]+)"', text))
        for secret in re.findall(r'\bsecret\(\s*"([A-Z0-9_]+)"', text):
            known.add(f"{secret}_SECRET")
        for secret in re.findall(r'\brequired_secret\(\s*"([A-Z0-9_]+)"', text):
            known.add(f"{secret}_SECRET")
            required.add(frozenset({secret, f"{secret}_SECRET"}))
        required |= {frozenset({name}) for name in re.findall(r'\brequired\(\s*"([A-Z0-9_]+)"', text)}
        # Functions report missing variables in these words.
        one_line = re.sub(r"\\\n\s*", "", text)
        for names in re.findall(r'fault\(\s*"([^"]*?),? is missing', one_line):
            required.add(frozenset(re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+", names)))
    return known, required


@functools.cache
def metrics(function):
    """Returns all capitalised strings in a function's code, among them its metrics."""
    own = {path: text for path, text in sources(function).items() if function in path.parts}
    return set(re.findall(r'"([A-Z][A-Za-z]+)"', "\n".join(own.values())))
