"""infra/samconfig.toml: the parameters of each stage.

SAM leaves a parameter that the template does not have out without a word, so a misspelt one has no effect.
"""

import json
import re

import tomlkit

from . import schedule
from .stack import ROOT, broken_rules, functions

FILE = ROOT / "infra/samconfig.toml"
#: Parameters that a function parses, and refuses only when it starts.
JSON = {"BuildRoutes", "RetentionRules", "SlackRoutes"}
#: How long a function's name may be. (AWS Lambda: CreateFunction.)
NAME = 64


def parameters(stage, text=None):
    """The template's parameters in a stage."""
    given = options(stage, text)["parameter_overrides"]
    return {name: str(value) for name, value in given.items()}


def options(stage, text=None):
    """What `sam deploy` is given in a stage."""
    config = tomlkit.parse(FILE.read_text() if text is None else text).unwrap()
    if stage not in config:
        known = ", ".join(name for name in config if isinstance(config[name], dict))
        raise KeyError(f"infra/samconfig.toml has no stage {stage}. Expected one of {known}")
    return config[stage]["deploy"]["parameters"]


def faults(written, given):
    """Why CloudFormation would refuse these parameters, or SAM ignore them."""
    found = []
    for name, value in given.items():
        parameter = written["Parameters"].get(name)
        if parameter is None:
            found.append(f"the template has no parameter {name}")
        else:
            found += [f"{name}={value}: {fault}" for fault in _value(parameter, value)]
    for name, parameter in written["Parameters"].items():
        if name not in given and "Default" not in parameter:
            found.append(f"{name} is missing")
    if found:
        return found
    zone = given.get("TimeZone", written["Parameters"]["TimeZone"]["Default"])
    for name in ("MonthlySchedule", "ResumeSchedule", "SweepSchedule"):
        expression = given.get(name, written["Parameters"][name]["Default"])
        found += [f"{name}: {fault}" for fault in schedule.faults(expression, zone)]
    for name in sorted(JSON & set(given)):
        found += [f"{name} is no JSON: {fault}" for fault in _json(given[name])]
    return found + broken_rules(written, given)


def name_fault(name, made):
    """Why a stack that makes these functions cannot have this name, which theirs begin with."""
    longest = max(functions(made), key=len, default="")
    room = NAME - len(f"-{longest}")
    if longest and len(name) > room:
        return (
            f"stack_name {name} is too long, its function {longest} would have more than {NAME} characters: "
            f"expected at most {room}"
        )
    return None


def _json(text):
    try:
        json.loads(text or "[]")
    except ValueError as error:
        yield str(error)


def _value(parameter, value):
    allowed = [str(one) for one in parameter.get("AllowedValues", [])]
    values = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    if allowed and not set(values) <= set(allowed):
        yield f"expected one of {', '.join(allowed)}"
    pattern = parameter.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        yield parameter.get("ConstraintDescription", f"expected {pattern}")
    if parameter["Type"] == "Number":
        if not re.fullmatch(r"\d+", value):
            yield "expected a whole number"
        elif int(value) < int(parameter.get("MinValue", 0)):
            yield f"expected at least {parameter['MinValue']}"
        elif int(value) > int(parameter.get("MaxValue", value)):
            yield f"expected at most {parameter['MaxValue']}"
