"""Whether each function's role allows exactly what its code asks of AWS."""

import fnmatch
import re

from . import rust
from .stack import functions, of_type, text

#: What every function's role has, for what Lambda does in its name.
ALWAYS = {
    "logs:CreateLogStream": "Lambda writes the function's log",
    "logs:PutLogEvents": "Lambda writes the function's log",
    "xray:PutTraceSegments": "Lambda sends traces",
    "xray:PutTelemetryRecords": "Lambda sends traces",
}
ON_FAILURE = {"sqs:SendMessage"}
FROM_A_QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
IN_A_VPC = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}
#: What AWS asks for beside the call itself, with every option in use.
BESIDE = {
    ("apigw-log-retention", "apigateway:PATCH"): {
        # Asked of whoever gives an HTTP API an access log.
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        # Asked of whoever sets the account's role.
        "iam:PassRole",
    },
    ("stat-analysis", "s3:PutObject"): {"kms:GenerateDataKey", "kms:Decrypt"},
}
#: A secret under a key of the user's own.
WITH_SECRETS = {"kms:Decrypt"}

#: Actions that know no narrower resource. (Service Authorization Reference.)
WITHOUT_RESOURCE = (
    {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    | IN_A_VPC
    | {action for action in BESIDE["apigw-log-retention", "apigateway:PATCH"] if action.startswith("logs:")}
)
#: An ARN without a name in it.
EVERYTHING = re.compile(r"arn(:(\$\{[^}]*\}|[^:$]*)){4}:([a-z-]+:)?[*/]+$")
#: What lists things is allowed for all of them, or for none.
LISTS = {"logs:DescribeLogGroups"}


def faults(made, with_every_option=False):
    """What roles allow too much; and with every option in use, too little."""
    found = []
    for function, properties in functions(made).items():
        allowed = _statements(made, properties)
        wanted = _wanted(made, function, properties)
        actions = {action for statement in allowed for action in _list(statement["Action"])}
        found += [f"{function} may {action}, which it never does" for action in sorted(actions - wanted)]
        if with_every_option:
            found += [f"{function} may not {action}, which it does" for action in sorted(wanted - actions)]
        for statement in allowed:
            found += [f"{function}: {fault}" for fault in _too_wide(statement)]
    return found


def paths(made, function="apigw-log-retention"):
    """Calls of API Gateway whose paths the role does not allow, and paths that it allows and nobody calls.

    All calls have the same few actions; which path each has, its error says: `(apigateway:GET /restapis/{id})`.
    """
    called = set()
    for source in rust.sources(function).values():
        called |= set(re.findall(r"\(apigateway:(\w+) (/[^)]*)\)", source))
    called = {(method, re.sub(r"\{[^}]*\}", "x", path)) for method, path in called}
    allowed = {
        (action.removeprefix("apigateway:"), text(resource).split("::/", 1)[1])
        for statement in _statements(made, functions(made)[function])
        for action in _list(statement["Action"])
        for resource in _list(statement["Resource"])
        if action.startswith("apigateway:")
    }

    def fits(call, right):
        return call[0] == right[0] and fnmatch.fnmatchcase(call[1].removeprefix("/"), right[1])

    found = [
        f"{method} {path} is not allowed"
        for method, path in sorted(called)
        if not any(fits((method, path), r) for r in allowed)
    ]
    return found + [
        f"nobody calls {m} /{p}" for m, p in sorted(allowed) if not any(fits(call, (m, p)) for call in called)
    ]


def _wanted(made, function, properties):
    wanted = rust.actions(function) | set(ALWAYS)
    if "secretsmanager:GetSecretValue" in wanted:
        wanted |= WITH_SECRETS
    for (name, action), beside in BESIDE.items():
        if name == function and action in wanted:
            wanted |= beside
    name = properties["FunctionName"]
    for config in of_type(made, "AWS::Lambda::EventInvokeConfig").values():
        if _refers(config["FunctionName"], made, name):
            wanted |= ON_FAILURE
    for mapping in of_type(made, "AWS::Lambda::EventSourceMapping").values():
        if _refers(mapping["FunctionName"], made, name):
            wanted |= FROM_A_QUEUE
    return wanted | (IN_A_VPC if "VpcConfig" in properties else set())


def _refers(reference, made, name):
    """Whether a reference to a function or its alias means the function of this name."""
    target = made["Resources"][reference["Ref"]]
    if target["Type"] == "AWS::Lambda::Alias":
        return _refers(target["Properties"]["FunctionName"], made, name)
    return target["Properties"]["FunctionName"] == name


def _statements(made, properties):
    role = made["Resources"][properties["Role"]["Fn::GetAtt"][0]]["Properties"]
    if "ManagedPolicyArns" in role:
        raise ValueError("a role with managed policies cannot be judged")
    statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
    return [statement for statement in statements if statement["Effect"] == "Allow"]


def _too_wide(statement):
    for action in _list(statement["Action"]):
        if "*" in action:
            yield f"{action} is a pattern"
        for resource in _list(statement["Resource"]):
            if resource == "*" and action not in WITHOUT_RESOURCE:
                yield f"{action} on every resource"
            elif resource != "*" and not text(resource).startswith(("arn:", "${")):
                yield f"{action} on {text(resource)}, which is no ARN"
            elif resource != "*" and EVERYTHING.match(text(resource)) and action not in LISTS:
                yield f"{action} on {text(resource)}, which is everything of a kind"


def _list(value):
    return value if isinstance(value, list) else [value]
