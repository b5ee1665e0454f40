"""Compares each function's variables in the template with those that its code reads."""

from . import rust
from .stack import ROOT, functions

#: Required outside Lambda only.
NOT_IN_LAMBDA = {"KO_DICTIONARY": "the program for Lambda embeds the dictionary"}

#: Required only if another variable is set.
ONLY_WITH = {"SLACK_CHANNEL": "SLACK_BOT_TOKEN_SECRET"}

#: Read by a function and not set by the template, with the reason.
NOT_OFFERED = {
    "ACCESS_LOG_FORMAT": "the default suits every stack",
    "ACCESS_LOG_FORMAT_HTTP": "the default suits every stack",
    "ACCESS_LOG_FORMAT_WEBSOCKET": "the default suits every stack",
    "AWS_ENDPOINT_URL": "for emulators",
    "AWS_ENDPOINT_URL_S3": "for emulators",
    "COMPARE_WITH_PREVIOUS": "the default suits every stack",
    "DATA_TRACE": "never on by default; a rule sets it per stage",
    "DETAILED_METRICS": "CloudWatch charges for each; a rule sets them per stage",
    "EXECUTION_LOG_LEVEL": "a rule sets it per stage",
    "FAILED_TESTS": "the default suits every stack",
    "FUNCTION_TIMEOUT_S": "for emulators: Lambda reports the deadline",
    "KO_DICTIONARY": "the program for Lambda embeds the dictionary",
    "LOG_PRICE_PER_GB_MONTH": "the default is the price of Seoul",
    "NOTIFY_STATUSES": "routes select statuses",
    "SKIP_TAG": "the default suits every stack",
    "SLACK_BOT_TOKEN": "secrets are kept in Secrets Manager",
    "SLACK_WEBHOOK_URL": "secrets are kept in Secrets Manager",
    "TEAMCITY_TOKEN": "secrets are kept in Secrets Manager",
}


def faults(made, with_every_option=False):
    """Returns missing and unknown variables; with every option, also variables that no parameter sets."""
    found = []
    for function, properties in functions(made).items():
        given = properties.get("Environment", {}).get("Variables", {})
        known, required = rust.variables(function)
        found += [f"{function} does not read {name}" for name in sorted(set(given) - known)]
        for names in required:
            is_given = any(given.get(name) not in (None, "") for name in names)
            is_needed = any(_is_needed(name, given) for name in names)
            if is_needed and not is_given:
                found.append(f"{function} requires {' or '.join(sorted(names))}")
        if with_every_option:
            unset = known - set(given) - set(NOT_OFFERED)
            found += [f"{function} reads {name}, which no parameter sets" for name in sorted(unset)]
    return found


def undocumented(made, readme):
    """Returns the variables of a function that no row of a table in its README names."""
    found = []
    for crate, properties in functions(made).items():
        rows = "\n".join(line for line in readme(crate).splitlines() if line.startswith("| `"))
        variables = properties.get("Environment", {}).get("Variables", {})
        found += [f"the README of {crate} has no row for {name}" for name in variables if f"`{name}`" not in rows]
    return found


def readme(crate):
    """Returns the README of a function, and of the library with the variables that all functions read."""
    return "".join((ROOT / "crates" / name / "README.md").read_text() for name in (crate, "lambda-core"))


def _is_needed(name, given):
    return name not in NOT_IN_LAMBDA and (name not in ONLY_WITH or bool(given.get(ONLY_WITH[name])))
