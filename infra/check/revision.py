"""What of a function makes a new version: its code, and every setting that a version keeps.

The triggers call the alias, which stands on a version. SAM publishes one when the code or the template's text changes,
but not when a parameter's value does; so `make deploy` hands it a hash over both.
"""

import hashlib
import json

from .stack import made, of_type, text

#: What a version keeps of a function's settings. (AWS Lambda: PublishVersion.)
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
    """The revisions of the functions that are made, as the template's parameters.

    `code` is a function from a function's name to its zip's bytes.
    """
    revisions = {}
    for name, properties in of_type(made(written, given), "AWS::Lambda::Function").items():
        function = text(properties["FunctionName"]).removeprefix("${AWS::StackName}-")
        settings = {key: properties[key] for key in KEPT if key in properties}
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
        digest.update(code(function))
        revisions[f"{name.removesuffix('Function')}Revision"] = digest.hexdigest()
    return revisions
