"""The parameters of each stage in `infra/<application>/samconfig.toml`.

`sam deploy` ignores a parameter that the template does not have, so a misspelt one would have no effect.
"""

import difflib
import os
import re
import subprocess
from pathlib import Path

import tomlkit

from . import schedule
from .stack import APPLICATIONS, INFRA, ROOT, broken_rules, functions, text

#: Maximum length of a function name. (AWS Lambda: CreateFunction.)
NAME = 64


def parameters(app, stage, config=None):
    """Returns the template's parameters of a stage."""
    given = options(app, stage, config).get("parameter_overrides", {})
    return {name: str(value) for name, value in given.items()}


def options(app, stage, config=None):
    """Returns the options of `sam deploy` of a stage. Raises KeyError with what was expected."""
    if app not in APPLICATIONS:
        raise KeyError(f"unknown application {app or '(none)'}, expected one of {', '.join(APPLICATIONS)}")
    file = INFRA / app / "samconfig.toml"
    config = tomlkit.parse(file.read_text() if config is None else config).unwrap()
    if stage not in config:
        known = ", ".join(name for name in config if isinstance(config[name], dict))
        raise KeyError(f"infra/{app}/samconfig.toml has no stage {stage or '(none)'}, expected one of {known}; add its tables to deploy another stage")
    return config[stage]["deploy"]["parameters"]


def faults(written, given):
    """Returns the reasons for which CloudFormation would reject these parameters, or SAM ignore them."""
    found = []
    for name, value in given.items():
        parameter = written["Parameters"].get(name)
        if parameter is None:
            found.append(f"{name}: the template has no such parameter; {_nearest(name, written['Parameters'])}")
        else:
            found += [f"{_shown(name, value)}: {fault}" for fault in _value(parameter, value)]
    for name, parameter in written["Parameters"].items():
        if name not in given and "Default" not in parameter:
            found.append(f"{name} is missing: {parameter['Description']}")
    if found:
        return found
    zone = given.get("TimeZone", written["Parameters"].get("TimeZone", {}).get("Default"))
    for name, parameter in written["Parameters"].items():
        if name.endswith("Schedule"):
            expression = given.get(name, parameter["Default"])
            found += [f"{name}: {fault}" for fault in schedule.faults(expression, zone)]
    return found + broken_rules(written, given)


def example_faults(given):
    """Returns the parameters that still have an example of this repository."""
    pattern = re.compile(r"\bexample([.-]|$)")
    return [f"{_shown(name, value)} is an example, expected your own" for name, value in given.items() if pattern.search(value)]


def configuration_faults(made_template, program_of=None):
    """Returns the variables that the functions themselves reject, with the errors of their own parsers.

    A function's program, started outside Lambda, checks its variables and ends. `program_of` returns the program of a
    function; without it that is the newest that was built. The second list has the functions without a program.
    """
    found, skipped = [], []
    for crate, properties in functions(made_template).items():
        program = (program_of or _program)(crate)
        if program is None:
            skipped.append(crate)
            continue
        variables = properties.get("Environment", {}).get("Variables", {})
        environment = {name: text(value) for name, value in variables.items()}
        environment["AWS_REGION"] = "ap-northeast-2"
        run = subprocess.run([program], env=environment, capture_output=True, encoding="utf-8", timeout=20)
        if run.returncode:
            found.append(f"{crate}: {(run.stdout + run.stderr).strip()}")
    return found, skipped


def _program(crate):
    """Returns the function's newest program, or None if it was not built."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    built = [path for path in (target / "debug" / crate, target / "release" / crate) if path.exists()]
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


def name_fault(name, made_template):
    """Returns why a stack with these functions cannot have this name, with which their names begin; or None."""
    suffixes = [text(f["FunctionName"]).removeprefix("${AWS::StackName}") for f in functions(made_template).values()]
    longest = max(suffixes, key=len, default="")
    room = NAME - len(longest)
    if len(name) > room:
        return f"stack_name {name} is too long: function names would exceed {NAME} characters, expected at most {room}"
    return None


def _shown(name, value):
    """Returns a parameter with its value, without what may be a secret."""
    return name if name.endswith("Secret") else f"{name}={re.sub('//[^/]*@', '//***@', value)}"


def _nearest(name, parameters):
    near = difflib.get_close_matches(name, parameters, n=1)
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(sorted(parameters))}"


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
