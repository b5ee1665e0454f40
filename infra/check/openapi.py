"""Checks infra/api-loopback/openapi.yaml, which `sam validate` does not look into.

(Amazon API Gateway Developer Guide, OpenAPI extensions; REST APIs.)
"""

import re

import yaml

METHODS = {
    "get",
    "put",
    "post",
    "delete",
    "options",
    "head",
    "patch",
    "trace",
    "x-amazon-apigateway-any-method",
}
EXTENSIONS = {
    "x-amazon-apigateway-any-method",
    "x-amazon-apigateway-api-key-source",
    "x-amazon-apigateway-auth",
    "x-amazon-apigateway-authorizer",
    "x-amazon-apigateway-authtype",
    "x-amazon-apigateway-binary-media-types",
    "x-amazon-apigateway-documentation",
    "x-amazon-apigateway-endpoint-configuration",
    "x-amazon-apigateway-gateway-responses",
    "x-amazon-apigateway-integration",
    "x-amazon-apigateway-minimum-compression-size",
    "x-amazon-apigateway-policy",
    "x-amazon-apigateway-request-validator",
    "x-amazon-apigateway-request-validators",
}
INTEGRATION = {
    "cacheKeyParameters",
    "cacheNamespace",
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "httpMethod",
    "passthroughBehavior",
    "requestParameters",
    "requestTemplates",
    "responses",
    "timeoutInMillis",
    "tlsConfig",
    "type",
    "uri",
}
RESPONSE = {"contentHandling", "responseParameters", "responseTemplates", "statusCode"}
TYPES = {"aws", "aws_proxy", "http", "http_proxy", "mock"}
PASSTHROUGH = {"never", "when_no_match", "when_no_templates"}
GATEWAY_RESPONSES = {
    "ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "THROTTLED",
    "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED",
}  # fmt: skip
#: AWS::Include supports only the long form of these.
FUNCTIONS = {"Ref", "Fn::Sub", "Fn::GetAtt", "Fn::Join"}
PSEUDO = {"AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}


def faults(text, template):
    """Returns the faults of the file itself, and its references that the template lacks."""
    try:
        tokens = list(yaml.scan(text))
        api = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [f"AWS::Include cannot read it: {error}"]
    if any(isinstance(token, (yaml.AliasToken, yaml.AnchorToken)) for token in tokens):
        return ["AWS::Include supports no YAML aliases"]
    if any(isinstance(token, yaml.TagToken) for token in tokens):
        return ["AWS::Include supports intrinsic functions in their long form only"]
    found = [] if re.fullmatch(r"3\.0\.\d+", str(api.get("openapi"))) else ["openapi is not 3.0.x"]
    found += _references(api, template)
    found += _extensions(api, "the file")
    found += _pointers(api, api)
    for name in api.get("x-amazon-apigateway-gateway-responses", {}):
        found += [] if name in GATEWAY_RESPONSES else [f"{name} is not a gateway response"]
    for path, item in api["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                found += [f"{method} {path}: {fault}" for fault in _operation(api, path, operation)]
            elif method not in ("parameters", "summary", "description"):
                found.append(f"{path}: {method} is not a method")
    return found


def _references(value, template):
    """Returns names in intrinsic functions that the template does not have."""
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in FUNCTIONS:
                found += [
                    f"{name} is not in the template"
                    for name in _named(key, inner)
                    if not _is_in(name, template)
                ]
            elif key.startswith("Fn::"):
                found.append(f"unknown intrinsic function {key}")
            found += _references(inner, template)
    elif isinstance(value, list):
        for inner in value:
            found += _references(inner, template)
    return found


def _named(function, inner):
    if function == "Ref":
        return [inner]
    if function == "Fn::GetAtt":
        return [inner[0] if isinstance(inner, list) else inner.split(".")[0]]
    if function == "Fn::Sub":
        sub, own = inner if isinstance(inner, list) else (inner, {})
        return [n for n in re.findall(r"\$\{([^!}][^}]*)\}", sub) if n.split(".")[0] not in own]
    return []


def _is_in(name, template):
    name = name.split(".")[0]
    return name in PSEUDO or name in template["Parameters"] or name in template["Resources"]


def _extensions(value, where):
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if str(key).startswith("x-amazon-apigateway") and key not in EXTENSIONS:
                found.append(f"{where} has the unknown extension {key}")
            found += _extensions(inner, where)
    elif isinstance(value, list):
        for inner in value:
            found += _extensions(inner, where)
    return found


def _pointers(value, api):
    found = []
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str) and _followed(value, api) is None:
            found.append(f"{value['$ref']} has no target")
        for inner in value.values():
            found += _pointers(inner, api)
    elif isinstance(value, list):
        for inner in value:
            found += _pointers(inner, api)
    return found


def _followed(value, api):
    """Returns the target of a `$ref`, or the value itself."""
    pointer = value.get("$ref") if isinstance(value, dict) else None
    if pointer is None:
        return value
    for part in pointer.removeprefix("#/").split("/"):
        api = api.get(part) if isinstance(api, dict) else None
    return api


def _operation(api, path, operation):
    parameters = [_followed(one, api) or {} for one in operation.get("parameters", [])]
    declared = {one.get("name") for one in parameters if one.get("in") == "path"}
    for name in re.findall(r"\{([^}+]+)\+?\}", path):
        if name not in declared:
            yield f"the path parameter {name} is not declared"
    validator = operation.get(
        "x-amazon-apigateway-request-validator", api.get("x-amazon-apigateway-request-validator")
    )
    if validator is not None and validator not in api.get("x-amazon-apigateway-request-validators", {}):
        yield f"unknown request validator {validator}"
    integration = operation.get("x-amazon-apigateway-integration")
    if integration is None:
        yield "it has no integration"
        return
    yield from _integration(integration)
    responses = {
        str(status): _followed(one, api) or {} for status, one in operation.get("responses", {}).items()
    }
    for name, response in integration.get("responses", {}).items():
        for key in set(response) - RESPONSE:
            yield f"the integration's response {name} has the unknown key {key}"
        if name != "default":
            try:
                re.compile(name)
            except re.error as error:
                yield f"the integration's response {name} is not a regular expression: {error}"
        status = response.get("statusCode")
        if not isinstance(status, str) or status not in responses:
            yield f"the integration's response {name} has the status {status!r}, which the method does not declare"
            continue
        headers = {header.lower() for header in responses[status].get("headers", {})}
        for target in response.get("responseParameters", {}):
            header = target.removeprefix("method.response.header.").lower()
            if header not in headers:
                yield f"{target} is not declared for {status}"


def _integration(integration):
    for key in sorted(set(integration) - INTEGRATION):
        yield f"the integration has the unknown key {key}"
    kind = integration.get("type")
    if kind not in TYPES:
        yield f"unknown integration type {kind}"
    if integration.get("passthroughBehavior", "never") not in PASSTHROUGH:
        yield f"{integration['passthroughBehavior']} is not a passthroughBehavior"
    if kind in ("aws", "aws_proxy") and (integration.get("httpMethod") != "POST" or "uri" not in integration):
        yield "a function integration needs httpMethod POST and a uri"
    if kind in ("aws", "mock") and not integration.get("responses"):
        yield "the integration has no responses"
    if kind == "aws_proxy" and integration.get("responses"):
        yield "a proxy integration has no responses"
    if not 50 <= integration.get("timeoutInMillis", 29000) <= 29000:
        yield "expected timeoutInMillis from 50 to 29000"
