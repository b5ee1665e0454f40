"""Compares each function's role with the AWS calls in its code: neither more nor less."""

import fnmatch
import re

from . import rust
from .stack import functions, of_type, text

#: AWS managed policies that SAM attaches, and the actions of them that Lambda needs. (AWS Managed Policy Reference.)
MANAGED = {
    "service-role/AWSLambdaBasicExecutionRole": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "AWSXrayWriteOnlyAccess": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
}
#: SAM attaches it to a function with an SQS event source.
MANAGED_FOR_QUEUE = {
    "service-role/AWSLambdaSQSQueueExecutionRole": {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    }
}
#: For a function in a VPC.
MANAGED_FOR_VPC = {
    "service-role/AWSLambdaVPCAccessExecutionRole": {
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DeleteNetworkInterface",
    }
}
ON_FAILURE = {"sqs:SendMessage"}
#: Actions that AWS requires beside the call itself, with every option in use.
BESIDE = {
    ("apigw-log-retention", "apigateway:PATCH"): {
        # Required of the caller that enables access logs of an HTTP API.
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        # Required of the caller that sets the account's role.
        "iam:PassRole",
    },
    ("stat-analysis", "s3:PutObject"): {"kms:GenerateDataKey", "kms:Decrypt"},
}
#: For a secret with a customer managed key.
WITH_SECRETS = {"kms:Decrypt"}

#: Actions that support no narrower resource. (Service Authorization Reference.)
WITHOUT_RESOURCE = {
    action for action in BESIDE["apigw-log-retention", "apigateway:PATCH"] if action.startswith("logs:")
}
WITHOUT_RESOURCE |= {"logs:DescribeDeliverySources", "logs:DescribeDeliveries"}
#: An ARN that names no resource.
EVERYTHING = re.compile(r"arn(:(\$\{[^}]*\}|[^:$]*)){4}:([a-z-]+:)?[*/]+$")
#: List actions apply to all resources or to none.
LISTS = {"logs:DescribeLogGroups"}
#: Actions that are meant for every log group of the account, whatever it is called.
ON_EVERY_RESOURCE = {
    ("apigw-log-retention", "logs:CreateDelivery"),
    ("apigw-log-retention", "logs:PutRetentionPolicy"),
    ("apigw-log-retention", "logs:DeleteRetentionPolicy"),
}


def faults(made, with_every_option=False):
    """Returns what roles allow too much; with every option in use, also what they lack."""
    found = []
    for function, properties in functions(made).items():
        role = made["Resources"][properties["Role"]["Fn::GetAtt"][0]]["Properties"]
        # SAM attaches it to a function that may be in a VPC, also while it is not.
        managed = {arn.split(":policy/")[-1] for arn in role.get("ManagedPolicyArns", [])} - set(MANAGED_FOR_VPC)
        expected = _managed(made, properties)
        found += [f"{function} has the managed policy {name}" for name in sorted(managed - set(expected))]
        found += [f"{function} lacks the managed policy {name}" for name in sorted(set(expected) - managed)]
        allowed = _statements(role)
        needed = _needed(made, function, properties)
        actions = {action for statement in allowed for action in _list(statement["Action"])}
        found += [f"{function} is allowed {action}, which it never calls" for action in sorted(actions - needed)]
        if with_every_option:
            found += [f"{function} is not allowed {action}, which it calls" for action in sorted(needed - actions)]
        for statement in allowed:
            found += [f"{function}: {fault}" for fault in _too_wide(statement, function)]
    return found


def paths(made, function="apigw-log-retention"):
    """Returns API Gateway calls whose path the role does not allow, and allowed paths that are never called.

    All calls share a few actions; the error message of each call names its path: `(apigateway:GET /restapis/{id})`.
    """
    called = set()
    for source in rust.sources(function).values():
        called |= set(re.findall(r"\(apigateway:(\w+) (/[^)]*)\)", source))
    called = {(method, re.sub(r"\{[^}]*\}", "x", path)) for method, path in called}
    role = made["Resources"][functions(made)[function]["Role"]["Fn::GetAtt"][0]]["Properties"]
    allowed = {
        (action.removeprefix("apigateway:"), text(resource).split("::/", 1)[1])
        for statement in _statements(role)
        for action in _list(statement["Action"])
        for resource in _list(statement["Resource"])
        if action.startswith("apigateway:")
    }

    def fits(call, right):
        return call[0] == right[0] and fnmatch.fnmatchcase(call[1].removeprefix("/"), right[1])

    found = [
        f"{method} {path} is not allowed"
        for method, path in sorted(called)
        if not any(fits((method, path), right) for right in allowed)
    ]
    return found + [
        f"{method} /{path} is allowed and never called"
        for method, path in sorted(allowed)
        if not any(fits(call, (method, path)) for call in called)
    ]


def _managed(made, properties):
    has_queue = any(
        _refers(mapping["FunctionName"], made, properties)
        for mapping in of_type(made, "AWS::Lambda::EventSourceMapping").values()
    )
    return MANAGED | (MANAGED_FOR_QUEUE if has_queue else {})


def _needed(made, function, properties):
    needed = set(rust.actions(function))
    if any('"rds-db"' in source for source in rust.sources(function).values()):
        # Signed by the function itself: no SDK client calls it.
        needed.add("rds-db:connect")
    if "secretsmanager:GetSecretValue" in needed:
        needed |= WITH_SECRETS
    for (name, action), beside in BESIDE.items():
        if name == function and action in needed:
            needed |= beside
    for config in of_type(made, "AWS::Lambda::EventInvokeConfig").values():
        if _refers(config["FunctionName"], made, properties):
            needed |= ON_FAILURE
    return needed


def _refers(reference, made, properties):
    """Returns whether a reference to a function or its alias means the function with these properties."""
    target = made["Resources"][reference["Ref"]]
    if target["Type"] == "AWS::Lambda::Alias":
        return _refers(target["Properties"]["FunctionName"], made, properties)
    return target["Properties"] is properties or target["Properties"] == properties


def _statements(role):
    statements = [s for policy in role.get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]
    return [statement for statement in statements if statement["Effect"] == "Allow"]


def _too_wide(statement, function):
    for action in _list(statement["Action"]):
        if "*" in action:
            yield f"{action} is a pattern"
        for resource in _list(statement["Resource"]):
            if resource == "*" and action not in WITHOUT_RESOURCE:
                yield f"{action} on every resource"
            elif resource != "*" and not text(resource).startswith(("arn:", "${")):
                yield f"{action} on {text(resource)}, which is not an ARN"
            elif resource != "*" and EVERYTHING.match(text(resource)) and action not in LISTS and (function, action) not in ON_EVERY_RESOURCE:
                yield f"{action} on {text(resource)}, which matches every resource of its kind"


def _list(value):
    return value if isinstance(value, list) else [value]
