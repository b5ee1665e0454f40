"""The template as CloudFormation sees it: included, translated by SAM, and resolved for given parameters."""

import copy
import functools
import json
import logging
import os
import re
from pathlib import Path

# SAM's translator asks boto3 for a Region, nothing else.
os.environ.setdefault("AWS_DEFAULT_REGION", "ap-northeast-2")

# It also wants to tell AWS how it is used.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra/template.yaml"

#: What a value is that CloudFormation only knows once the stack is there.
NO_VALUE = object()


def template():
    """The template as it is written, with the intrinsic functions in their long form."""
    return _read(TEMPLATE)


def included(written):
    """The template with the files that `AWS::Include` puts in, as SAM gets it."""
    whole = copy.deepcopy(written)
    for resource in whole["Resources"].values():
        body = resource.get("Properties", {}).get("DefinitionBody", {})
        if "Fn::Transform" in body:
            file = TEMPLATE.parent / body["Fn::Transform"]["Parameters"]["Location"]
            resource["Properties"]["DefinitionBody"] = _read(file)
    return whole


def _read(file):
    """A copy for the caller to change: reading takes longer than all that is done with it."""
    return copy.deepcopy(_parsed(file))


@functools.cache
def _parsed(file):
    return yaml_parse(file.read_text())


def translated(written, parameters):
    """Plain CloudFormation, conditions and all, as SAM makes it for these parameters."""
    whole = included(written)
    for resource in whole["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # SAM translates what has been uploaded.
            name = Path(resource["Properties"]["CodeUri"]).name
            resource["Properties"]["CodeUri"] = f"s3://artifacts/{name}"
    return Translator(managed_policy_map={}, sam_parser=Parser()).translate(whole, _given(whole, parameters))


def broken_rules(written, parameters):
    """The sentences of the rules by which CloudFormation refuses these parameters."""
    view = View(written, parameters)
    return [
        assertion["AssertDescription"]
        for rule in written["Rules"].values()
        if view.holds(rule.get("RuleCondition", {"Fn::Equals": ["", ""]}))
        for assertion in rule["Assertions"]
        if not view.holds(assertion["Assert"])
    ]


def resolved(plain, parameters):
    """What of a plain template is made with these parameters: no condition, no parameter is left in it."""
    view = View(plain, parameters)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": view.section("Resources"),
        "Outputs": view.section("Outputs"),
    }


def made(written, parameters):
    """The resources that a deployment with these parameters makes."""
    return resolved(translated(written, parameters), parameters)


def of_type(made_template, kind):
    """The properties of the resources of a type, by their logical ids."""
    return {
        name: resource.get("Properties", {})
        for name, resource in made_template["Resources"].items()
        if resource["Type"] == kind
    }


def functions(made_template):
    """The properties of the functions, by the names of their crates."""
    every = of_type(made_template, "AWS::Lambda::Function").values()
    return {
        text(properties["FunctionName"]).removeprefix("${AWS::StackName}-"): properties for properties in every
    }


def text(value):
    """A value as one text, in which what is known only later is written `${…}`."""
    match value:
        case {"Fn::Sub": str(sub)}:
            return sub
        case {"Fn::Sub": [sub, names]}:
            for name, inner in names.items():
                sub = sub.replace(f"${{{name}}}", text(inner))
            return sub
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [*parts]}:
            return "${" + ".".join(parts) + "}"
        case {"Fn::Join": [between, list(parts)]}:
            return between.join(text(part) for part in parts)
        case str() | int() | float():
            return str(value)
    raise ValueError(f"{json.dumps(value)} is no text")


def _given(written, parameters):
    """All parameters with their values, as CloudFormation has them: texts, and lists of texts."""
    unknown = sorted(set(parameters) - set(written["Parameters"]))
    if unknown:
        raise KeyError(f"the template has no parameter {', '.join(unknown)}")
    values = {}
    for name, parameter in written["Parameters"].items():
        value = str(parameters.get(name, parameter.get("Default", "")))
        values[name] = value.split(",") if parameter["Type"] == "CommaDelimitedList" else value
    return values


class View:
    """A template with values for its parameters."""

    def __init__(self, plain, parameters):
        self.plain = plain
        self.values = _given(plain, parameters)

    def holds(self, condition):
        """Whether a condition, or an assertion of a rule, is true."""
        match condition:
            case {"Condition": name}:
                return self.holds(self.plain["Conditions"][name])
            case {"Fn::Equals": [left, right]}:
                return self.value(left) == self.value(right)
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": inners}:
                return all([self.holds(inner) for inner in inners])
            case {"Fn::Or": inners}:
                return any([self.holds(inner) for inner in inners])
        raise ValueError(f"this is no condition: {json.dumps(condition)}")

    def section(self, name):
        """The parts of a section whose condition is true, with their values."""
        parts = {}
        for key, part in self.plain.get(name, {}).items():
            if "Condition" not in part or self.holds({"Condition": part["Condition"]}):
                parts[key] = self.value({k: v for k, v in part.items() if k != "Condition"})
        return parts

    def value(self, value):
        """A value without conditions and parameters; what is known only later stays as it is."""
        match value:
            case {"Fn::If": [condition, then, otherwise]}:
                return self.value(then if self.holds({"Condition": condition}) else otherwise)
            case {"Ref": "AWS::NoValue"}:
                return NO_VALUE
            case {"Ref": str(name)} if name in self.values:
                return self.values[name]
            case {"Fn::Join": [between, parts]}:
                parts = self.value(parts)
                if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
                    return between.join(parts)
                return {"Fn::Join": [between, parts]}
            case {"Fn::Split": [between, whole]}:
                whole = self.value(whole)
                return whole.split(between) if isinstance(whole, str) else {"Fn::Split": [between, whole]}
            case {"Fn::Select": [index, parts]}:
                parts = self.value(parts)
                return parts[int(index)] if isinstance(parts, list) else {"Fn::Select": [index, parts]}
            case {"Fn::Sub": sub}:
                return self._substituted(sub)
            case dict():
                pairs = ((key, self.value(inner)) for key, inner in value.items())
                return {key: inner for key, inner in pairs if inner is not NO_VALUE}
            case list():
                return [inner for inner in map(self.value, value) if inner is not NO_VALUE]
        return value

    def _substituted(self, sub):
        names = dict(self.values)
        if isinstance(sub, list):
            sub, own = sub
            names |= self.value(own)
        later = {}
        for name, inner in names.items():
            if f"${{{name}}}" in sub and not isinstance(inner, str):
                later[name] = inner
            elif isinstance(inner, str):
                sub = sub.replace(f"${{{name}}}", inner)
        if later:
            return {"Fn::Sub": [sub, later]}
        return {"Fn::Sub": sub} if "${" in sub else sub


def dangling(made_template):
    """References to what a deployment does not make: a misspelt name, or a condition that is too narrow."""
    made_names = set(made_template["Resources"])
    found = []
    for section in ("Resources", "Outputs"):
        for name, part in made_template[section].items():
            unknown = sorted(target for target in _references(part) if target not in made_names)
            found += [f"{name} refers to {target}, which is not made" for target in unknown]
    return found


def _references(value):
    """The names that a value refers to, without CloudFormation's own."""
    match value:
        case {"Ref": str(name)}:
            names = {name}
        case {"Fn::GetAtt": [str(name), *_]}:
            names = {name}
        case {"Fn::GetAtt": str(path)}:
            names = {path.split(".")[0]}
        case {"Fn::Sub": sub}:
            sub, own = sub if isinstance(sub, list) else (sub, {})
            names = {name.split(".")[0] for name in re.findall(r"\$\{([^!}][^}]*)\}", sub)} - set(own)
            names |= _references(own)
        case dict():
            names = set().union(*map(_references, value.values()))
            depends = value.get("DependsOn", [])
            names |= (
                {depends} if isinstance(depends, str) else set(depends if isinstance(depends, list) else [])
            )
        case list():
            names = set().union(*map(_references, value))
        case _:
            names = set()
    return {name for name in names if not name.startswith("AWS::")}
