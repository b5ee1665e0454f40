"""The revision of a function: a hash of its code and of every setting that a version keeps.

The triggers invoke the alias, which points at a version. SAM publishes a version when the code or the template's text
changes, but not when the value of a parameter changes, so `make deploy` passes this hash.
"""

import hashlib
import json

from .stack import functions, made

#: Settings that a version keeps. (AWS Lambda: PublishVersion.)
KEPT = (
    "Architectures",
    "Environment",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
)


def parameters(written, given, code):
    """Returns the parameters `…Revision` of a template's functions. `code` maps a crate to the bytes of its zip."""
    names = {
        crate: resource["Properties"]["AutoPublishCodeSha256"]["Ref"]
        for resource in written["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for crate in [resource["Properties"]["CodeUri"].rsplit("/", 1)[-1].removesuffix(".zip")]
    }
    revisions = {}
    for crate, properties in functions(made(written, given)).items():
        settings = {key: properties[key] for key in KEPT if key in properties}
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
        digest.update(code(crate))
        revisions[names[crate]] = digest.hexdigest()
    return revisions
