"""Whether `cargo lambda deploy` makes a function as the stack does."""

import tomlkit

from .rust import CRATES
from .stack import functions

TRACING = {"active": "Active", "passthrough": "PassThrough"}


def faults(made):
    """Where a manifest's `[package.metadata.lambda.deploy]` says something else than the template."""
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
                found.append(f"{function}'s manifest says {key} = {there}, the template {here}")
    return found
