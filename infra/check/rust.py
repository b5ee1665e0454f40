"""What the functions' sources say: the calls of AWS's SDKs, the variables, the metrics."""

import functools
import re

from .stack import ROOT

CRATES = ROOT / "crates"

#: IAM's name of a call where it is not the call's own. (Service Authorization Reference.)
ACTIONS = {
    ("apigateway", "get"): "apigateway:GET",
    ("apigateway", "update"): "apigateway:PATCH",
    ("apigatewayv2", "get"): "apigateway:GET",
    ("apigatewayv2", "update"): "apigateway:PATCH",
    ("lambda", "invoke"): "lambda:InvokeFunction",
    ("s3", "head_object"): "s3:GetObject",
    ("s3", "list_objects_v2"): "s3:ListBucket",
}
#: IAM's prefix of a service where it is not the SDK's name.
PREFIXES = {"cloudwatchlogs": "logs"}
#: Everything that may be done with a client. Anything else could hide a call.
KNOWN_USES = (
    r"\bfrom_conf\(client\)",
    r"\bclient:\s*(?:OnceCell<)?Client\b",
    r"\bclient:\s*(?:Client|OnceCell)::\w+",
    r"\bclient:\s*client\b",
    r"\blet client\s*=",
    r"\bfn client\b",
    r"\bself\s*\.\s*client\s*\(\)\s*\.\s*await",
    r"\bself\s*\.\s*client\s*\.\s*get_or_init\(",
    r"\bclient\s*\.\s*[a-z][a-z0-9_]*\s*\(",
)
#: Texts in the code, which may look like anything: raw, a quotation mark as a character, and usual ones.
TEXTS = re.compile(r'''\br(#+)".*?"\1|\br"[^"]*"|'\\?"'|"(?:[^"\\]|\\.)*"''', re.DOTALL)
#: Not calls of AWS.
NO_CALLS = {"get_or_init"}


class UnknownUse(Exception):
    """A client of an SDK is used in a way in which its calls cannot be read off."""


def functions():
    """The names of the function crates."""
    return sorted(path.parts[-3] for path in CRATES.glob("*/src/handler.rs"))


def code(path):
    """A file without its tests and comments."""
    text = path.read_text().split("#[cfg(test)]")[0]
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


def databases(function):
    """The libraries for the database that the function uses."""
    manifest = (CRATES / function / "Cargo.toml").read_text()
    return [library for library in ("postgres-session", "stat-ledger") if library in manifest]


@functools.cache
def sources(function):
    """The function's code, and that of the libraries that it uses, file by file."""
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
    """The calls of AWS in a file, as (service, call)."""
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
    """IAM's action for a call."""
    for key in ((service, call), (service, call.split("_")[0])):
        if key in ACTIONS:
            return ACTIONS[key]
    words = "".join(word.capitalize() for word in call.split("_"))
    return f"{PREFIXES.get(service, service)}:{words}"


@functools.cache
def actions(function):
    """IAM's actions for all calls that a function makes."""
    found = set()
    for path, text in sources(function).items():
        found |= {action(*call) for call in calls(text, path.relative_to(ROOT))}
    return found


@functools.cache
def variables(function):
    """The variables that a function knows, and those without which it does not start.

    A required one is a set of names of which one must be there.
    """
    files = [CRATES / function / "src/config.rs"]
    for library in databases(function):
        files += [path for path in (CRATES / library / "src").rglob("*.rs") if "Variables" in code(path)]
    known, required = set(), set()
    for path in files:
        text = code(path)
        known |= set(re.findall(r'\bvariables\s*\.\s*\w+\(\s*"([A-Z0-9_]+)"', text))
        for secret in re.findall(r'\bsecret\(\s*"([A-Z0-9_]+)"', text):
            known.add(f"{secret}_SECRET")
        for secret in re.findall(r'\brequired_secret\(\s*"([A-Z0-9_]+)"', text):
            known.add(f"{secret}_SECRET")
            required.add(frozenset({secret, f"{secret}_SECRET"}))
        required |= {frozenset({name}) for name in re.findall(r'\brequired\(\s*"([A-Z0-9_]+)"', text)}
        # A function that finds a fault by itself says so in the same words.
        one_line = re.sub(r"\\\n\s*", "", text)
        for names in re.findall(r'fault\(\s*"([^"]*?),? is missing', one_line):
            required.add(frozenset(re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+", names)))
    return known, required


@functools.cache
def metrics(function):
    """All texts in quotes in a function's code: its metrics are among them."""
    own = {path: text for path, text in sources(function).items() if function in path.parts}
    return set(re.findall(r'"([A-Z][A-Za-z]+)"', "\n".join(own.values())))
