"""Whether each function gets the variables that it requires, and none that it does not know."""

from . import rust
from .stack import functions

#: Required, but not here.
NOT_HERE = {"KO_DICTIONARY": "what is built for Lambda embeds the dictionary"}

#: Required only where another one is given.
ONLY_WITH = {"SLACK_CHANNEL": "SLACK_BOT_TOKEN_SECRET"}

#: Known to a function, and no parameter of the template, on purpose.
NOT_OFFERED = {
    "AWS_ENDPOINT_URL": "for emulators",
    "AWS_ENDPOINT_URL_S3": "for emulators",
    "FUNCTION_TIMEOUT_S": "for emulators: Lambda tells the deadline",
    "KO_DICTIONARY": "what is built for Lambda embeds the dictionary",
    "SLACK_API_URL": "for emulators",
    "TEAMCITY_TOKEN": "a secret stands in Secrets Manager",
    "SLACK_WEBHOOK_URL": "a secret stands in Secrets Manager",
    "SLACK_BOT_TOKEN": "a secret stands in Secrets Manager",
}


def faults(made, with_every_option=False):
    """What functions do not get, or do not know; with every option, also what nobody can set."""
    found = []
    for function, properties in functions(made).items():
        given = properties.get("Environment", {}).get("Variables", {})
        known, required = rust.variables(function)
        found += [f"{function} does not know {name}" for name in sorted(set(given) - known)]
        for names in required:
            is_given = any(given.get(name) not in (None, "") for name in names)
            is_needed = any(_is_needed(name, given) for name in names)
            if is_needed and not is_given:
                found.append(f"{function} needs {' or '.join(sorted(names))}")
        if with_every_option:
            unset = known - set(given) - set(NOT_OFFERED)
            found += [f"{function} knows {name}, which no parameter sets" for name in sorted(unset)]
    return found


def _is_needed(name, given):
    return name not in NOT_HERE and (name not in ONLY_WITH or bool(given.get(ONLY_WITH[name])))
