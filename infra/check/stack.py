"""Templates as CloudFormation sees them: with included files, translated by SAM, and resolved for given parameters."""

import copy
import functools
import json
import logging
import os
import re
from pathlib import Path

# SAM's translator requires a Region from boto3.
os.environ.setdefault("AWS_DEFAULT_REGION", "ap-northeast-2")

# It also tries to send usage data and warns when it cannot.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
#: The applications: every folder with a template and a samconfig.toml.
APPLICATIONS = sorted(path.parent.name for path in INFRA.glob("*/samconfig.toml"))
#: The applications, and the role of GitHub Actions, whose parameters are given on the command line.
TEMPLATES = sorted(path.parent.name for path in INFRA.glob("*/template.yaml"))
#: Applications with functions. The others are plain CloudFormation.
FUNCTIONAL = [app for app in APPLICATIONS if (INFRA / app / "template.yaml").read_text().find("AWS::Serverless::") >= 0]

#: Stands for AWS::NoValue while a template is resolved.
NO_VALUE = object()


def template(app):
    """Returns the template of an application, with intrinsic functions in their long form."""
    return _read(INFRA / app / "template.yaml")


def included(written):
    """Returns the template with the files of `AWS::Include`, as SAM receives it."""
    whole = copy.deepcopy(written)
    for resource in whole["Resources"].values():
        body = resource.get("Properties", {}).get("DefinitionBody", {})
        if "Fn::Transform" in body:
            [file] = INFRA.glob(f"*/{body['Fn::Transform']['Parameters']['Location']}")
            resource["Properties"]["DefinitionBody"] = _read(file)
    return whole


def _read(file):
    """Returns a copy that the caller may change; parsing takes longer than everything done with the result."""
    return copy.deepcopy(_parsed(file))


@functools.cache
def _parsed(file):
    return yaml_parse(file.read_text())


def translated(written, parameters):
    """Returns plain CloudFormation, with conditions and parameters, as SAM generates it for these parameters."""
    whole = included(written)
    if "Transform" not in whole:
        return whole
    return copy.deepcopy(_translation(json.dumps(whole), json.dumps(_values(whole, parameters))))


@functools.cache
def _translation(template, values):
    """Many tests ask for the same one, and SAM takes longer than all of them."""
    whole = json.loads(template)
    for resource in whole["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # SAM translates uploaded code only.
            name = Path(resource["Properties"]["CodeUri"]).name
            resource["Properties"]["CodeUri"] = f"s3://artifacts/{name}"
    return Translator(managed_policy_map={}, sam_parser=Parser()).translate(whole, json.loads(values))


def broken_rules(written, parameters):
    """Returns the descriptions of the rules with which CloudFormation rejects these parameters."""
    view = View(written, parameters)
    return [
        assertion["AssertDescription"]
        for rule in written.get("Rules", {}).values()
        if view.holds(rule.get("RuleCondition", {"Fn::Equals": ["", ""]}))
        for assertion in rule["Assertions"]
        if not view.holds(assertion["Assert"])
    ]


def resolved(plain, parameters):
    """Returns the part of a plain template that these parameters create, without conditions and parameters."""
    view = View(plain, parameters)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": view.section("Resources"),
        "Outputs": view.section("Outputs"),
    }


def made(written, parameters):
    """Returns the resources and outputs that a deployment with these parameters creates."""
    return resolved(translated(written, parameters), parameters)


def of_type(made_template, kind):
    """Returns the properties of the resources of a type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in made_template["Resources"].items()
        if resource["Type"] == kind
    }


def functions(made_template):
    """Returns the properties of the functions, by the name of their crate."""
    every = of_type(made_template, "AWS::Lambda::Function").values()
    return {Path(properties["Code"]["S3Key"]).stem: properties for properties in every}


def crates(written):
    """Returns the crates of a template's functions."""
    resources = written["Resources"].values()
    found = [r["Properties"]["CodeUri"] for r in resources if r["Type"] == "AWS::Serverless::Function"]
    return sorted(Path(uri).stem for uri in found)


def text(value):
    """Returns a value as one string; a part that is known only after deployment is written `${…}`."""
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
    raise ValueError(f"{json.dumps(value)} is not a string")


def _values(written, parameters):
    """Returns the values of all parameters as CloudFormation has them: strings, and lists of strings."""
    unknown = sorted(set(parameters) - set(written["Parameters"]))
    if unknown:
        raise KeyError(f"the template has no parameter {', '.join(unknown)}")
    values = {}
    for name, parameter in written["Parameters"].items():
        value = str(parameters.get(name, parameter.get("Default", "")))
        values[name] = value.split(",") if parameter["Type"] == "CommaDelimitedList" else value
    return values


class View:
    """A template together with values for its parameters."""

    def __init__(self, plain, parameters):
        self.plain = plain
        self.values = _values(plain, parameters)

    def holds(self, condition):
        """Evaluates a condition, or an assertion of a rule."""
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
        raise ValueError(f"{json.dumps(condition)} is not a condition")

    def section(self, name):
        """Returns the parts of a section whose condition holds, with their values."""
        parts = {}
        for key, part in self.plain.get(name, {}).items():
            if "Condition" not in part or self.holds({"Condition": part["Condition"]}):
                parts[key] = self.value({k: v for k, v in part.items() if k != "Condition"})
        return parts

    def value(self, value):
        """Resolves conditions and parameters; references to resources stay as they are."""
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
    """Returns references to resources that the deployment does not create: misspelt names and too narrow conditions."""
    names = set(made_template["Resources"])
    found = []
    for section in ("Resources", "Outputs"):
        for name, part in made_template[section].items():
            unknown = sorted(target for target in _references(part) if target not in names)
            found += [f"{name} refers to {target}, which is not created" for target in unknown]
    return found


def _references(value):
    """Returns the names that a value refers to, without pseudo parameters."""
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
            names |= {depends} if isinstance(depends, str) else set(depends if isinstance(depends, list) else [])
        case list():
            names = set().union(*map(_references, value))
        case _:
            names = set()
    return {name for name in names if not name.startswith("AWS::")}
