"""Compares the crates with deny.toml: licences, bans and sources. cargo-deny reads the same file in the workflow."""

import json
import re

import licence
import tomlkit

from .stack import ROOT

#: Keys of deny.toml that `faults` applies, or that need cargo-deny and its database.
KNOWN = {
    "graph": {"targets"},
    "advisories": {"yanked"},
    "licenses": {"allow", "include-dev", "unused-allowed-license"},
    "bans": {"multiple-versions", "wildcards", "allow-wildcard-paths", "deny"},
    "sources": {"unknown-registry", "unknown-git", "allow-registry", "allow-git"},
}


def rules():
    """Returns deny.toml."""
    return tomlkit.parse((ROOT / "deny.toml").read_text()).unwrap()


def packages(rules):
    """Returns all packages of the workspace's tests, tools and functions."""
    targets = [argument for target in rules["graph"]["targets"] for argument in ("--filter-platform", target)]
    metadata = json.loads(licence.output("cargo", "metadata", "--locked", "--format-version", "1", *targets))
    used = {node["id"] for node in metadata["resolve"]["nodes"]}
    return [package for package in metadata["packages"] if package["id"] in used]


def faults(rules, packages):
    """Returns what deny.toml does not allow."""
    unknown = [f"{table}.{key}" for table, keys in rules.items() for key in set(keys) - KNOWN.get(table, set())]
    found = [f"deny.toml: {key} is not known to infra/check/dependency.py" for key in sorted(unknown)]
    banned = {ban["name"]: ban["reason"] for ban in rules["bans"]["deny"]}
    sources = {f"registry+{registry}" for registry in rules["sources"]["allow-registry"]}
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not is_allowed(package["license"], rules["licenses"]["allow"]):
            found.append(f"{name}: the licence {package['license']} is not allowed by deny.toml")
        if package["name"] in banned:
            found.append(f"{name} is banned by deny.toml: {banned[package['name']]}")
        if package["source"] and package["source"] not in sources:
            found.append(f"{name} comes from {package['source']}, which deny.toml does not allow")
        if not package["source"]:
            found += [f"{name} accepts any version of {one}" for one in wildcards(package)]
    return found


def wildcards(package):
    """Returns the dependencies without a version, except folders of the workspace."""
    return [one["name"] for one in package["dependencies"] if one["req"] == "*" and not one.get("path")]


def is_allowed(expression, allowed):
    """Whether an SPDX expression can be satisfied with the allowed licences. AND binds more tightly than OR."""
    tokens = re.findall(r"[()]|[\w.+-]+(?: WITH [\w.-]+)?", (expression or "").replace("/", " OR "))

    def choice():
        is_met = combination()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            is_met = combination() or is_met
        return is_met

    def combination():
        is_met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            is_met = one() and is_met
        return is_met

    def one():
        token = tokens.pop(0) if tokens else ""
        if token != "(":
            return token in allowed
        is_met = choice()
        return bool(tokens) and tokens.pop(0) == ")" and is_met

    return choice() and not tokens
