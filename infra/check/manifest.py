"""Compares the settings of `cargo lambda deploy` in the manifests with the templates."""

import tomlkit

from .rust import CRATES
from .stack import functions

TRACING = {"active": "Active", "passthrough": "PassThrough"}


def faults(made):
    """Returns the differences between `[package.metadata.lambda.deploy]` and the template."""
    found = []
    for function, properties in functions(made).items():
        manifest = tomlkit.parse((CRATES / function / "Cargo.toml").read_text()).unwrap()
        deploy = manifest["package"].get("metadata", {}).get("lambda", {}).get("deploy")
        if deploy is None:
            found.append(f"{function}'s manifest has no [package.metadata.lambda.deploy]")
            continue
        for key, there, here in (
            ("memory", deploy.get("memory"), properties["MemorySize"]),
            ("timeout", deploy.get("timeout"), properties["Timeout"]),
            ("tracing", TRACING.get(deploy.get("tracing", "").lower()), properties["TracingConfig"]["Mode"]),
        ):
            if there != here:
                found.append(f"{function}: the manifest has {key} = {there}, the template {here}")
    return found
