"""Stage of a REST API of API Gateway, made from an OpenAPI file with API Gateway's extensions.

    api_gateway.py serve OPENAPI STAGE LAMBDA FUNCTION VARIABLES   serves on 127.0.0.1 and a free port
    api_gateway.py json OPENAPI                                     prints the file as JSON
    api_gateway.py render                                           renders templates: a line of JSON in, one out

All integrations call one function. The types are aws, aws_proxy and mock; any other is an error. What `make smoke`
shows better at a deployed stage is left out: authorizers, API keys, required parameters, limits, timeouts, caching and
throttling.
"""

import base64
import hashlib
import json
import re
import socketserver
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema
import yaml
from mapping_template import render

EXTENSION = "x-amazon-apigateway-"


class Refused(Exception):
    """Response of API Gateway itself."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


class Stage:
    """Deployed stage."""

    def __init__(self, definition, name, endpoint, function, variables):
        self.definition, self.name, self.variables = definition, name, variables
        self.invoke_url = f"{endpoint}/2015-03-31/functions/{function}/invocations"

    def respond(self, method, target, headers, body):
        """Returns status, headers and body of the response."""
        try:
            request = Request(method, target, headers, body, self.name)
            resource, path, operation = self.route(request)
            self.validate(operation, request)
            integration = operation[EXTENSION + "integration"]
            integrate = {"aws": self.non_proxy, "aws_proxy": self.proxy, "mock": self.mock}[integration["type"]]
            return integrate(resource, path, integration, request)
        except Refused as refused:
            body = json.dumps({"message": refused.message}).encode()
            return refused.status, self.gateway_headers(refused.status), body

    def route(self, request):
        """Finds the operation. An exact path precedes a greedy one, a method precedes ANY."""
        found = []
        for resource, methods in self.definition["paths"].items():
            pattern = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", re.escape(resource))
            match = re.fullmatch(pattern, request.path)
            if match:
                found.append(("{" in resource, resource, match.groupdict(), methods))
        for _, resource, path, methods in sorted(found, key=lambda route: route[0]):
            operation = methods.get(request.method.lower()) or methods.get(EXTENSION + "any-method")
            if operation:
                return resource, path, operation
        raise Refused(403, "Missing Authentication Token")

    def validate(self, operation, request):
        name = operation.get(EXTENSION + "request-validator")
        validator = self.definition.get(EXTENSION + "request-validators", {}).get(name, {})
        content = operation.get("requestBody", {}).get("content", {}).get(request.content_type)
        if validator.get("validateRequestBody") and content:
            schema = {**content["schema"], "components": self.definition["components"]}
            try:
                jsonschema.validate(json.loads(request.body), schema)
            except (ValueError, jsonschema.ValidationError):
                raise Refused(400, "Invalid request body") from None

    def non_proxy(self, resource, path, integration, request):
        context = self.context(resource, request)
        payload = self.rendered(integration, path, context, request)
        error, body = self.invoke(payload.encode())
        message = json.loads(body).get("errorMessage", "") if error else ""
        return self.integration_response(integration, message, body, context)

    def mock(self, resource, path, integration, request):
        context = self.context(resource, request)
        rendered = self.rendered(integration, path, context, request)
        return self.integration_response(integration, str(json.loads(rendered)["statusCode"]), b"", context)

    def rendered(self, integration, path, context, request):
        """Renders the template of the request's content type; without one, the body passes unless that is forbidden."""
        template = integration.get("requestTemplates", {}).get(request.content_type)
        if template is not None:
            return render(template, request.template_input(path, self.variables), context)
        if integration["passthroughBehavior"] == "never":
            raise Refused(415, "Unsupported Media Type")
        return request.body.decode()

    def integration_response(self, integration, message, body, context):
        """Selects the response whose pattern matches the error message (of a mock, the status), or the default."""
        responses = integration["responses"]
        matches = (found for key, found in responses.items() if key != "default" and re.fullmatch(key, message))
        response = next(matches, responses["default"]) if message else responses["default"]
        template = response.get("responseTemplates", {}).get("application/json")
        if template is not None:
            context["responseOverride"] = {}
            body = render(template, {"body": body.decode()}, context).encode()
        status = int(context.get("responseOverride", {}).get("status", response["statusCode"]))
        return status, constant_headers(response, "method.response.header."), body

    def proxy(self, resource, path, integration, request):
        error, body = self.invoke(json.dumps(self.event(resource, path, request)).encode())
        try:
            if error:
                raise ValueError(error)
            response = json.loads(body)
            status, body = int(response["statusCode"]), response.get("body") or ""
            body = base64.b64decode(body) if response.get("isBase64Encoded") else body.encode()
            return status, {"Content-Type": "application/json", **(response.get("headers") or {})}, body
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(502, "Internal server error") from None

    def event(self, resource, path, request):
        """Source: "Input format of a Lambda function for proxy integration"."""
        is_binary = request.content_type in self.definition.get(EXTENSION + "binary-media-types", [])
        body = base64.b64encode(request.body).decode() if is_binary else request.body.decode("utf-8", "replace")
        return {
            "resource": resource,
            "path": request.path,
            "httpMethod": request.method,
            "headers": request.headers,
            "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
            "queryStringParameters": request.last_values() or None,
            "multiValueQueryStringParameters": request.query or None,
            "pathParameters": path or None,
            "stageVariables": self.variables or None,
            "requestContext": {**self.context(resource, request), "path": f"/{self.name}{request.path}"},
            "body": body or None,
            "isBase64Encoded": is_binary and bool(body),
        }

    def context(self, resource, request):
        """Returns $context. Missing values are left out; a template renders them as an empty text."""
        return {
            "apiId": "local",
            "httpMethod": request.method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": request.header("user-agent")},
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(time.time() * 1000),
            "resourceId": hashlib.sha256(resource.encode()).hexdigest()[:6],
            "resourcePath": resource,
            "stage": self.name,
        }

    def invoke(self, payload):
        """Returns the function's error, if any, and its response."""
        request = urllib.request.Request(self.invoke_url, data=payload, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=29) as response:
                return response.headers.get("x-amz-function-error"), response.read()
        except urllib.error.HTTPError:
            raise Refused(500, "Internal server error") from None

    def gateway_headers(self, status):
        responses = self.definition.get(EXTENSION + "gateway-responses", {})
        return constant_headers(responses.get(f"DEFAULT_{status // 100}XX", {}), "gatewayresponse.header.")


def constant_headers(response, prefix):
    """Returns the headers of a response, whose mappings must be constants in single quotes."""
    headers = {"Content-Type": "application/json"}
    for target, value in response.get("responseParameters", {}).items():
        if not (target.startswith(prefix) and re.fullmatch("'.*'", value)):
            raise NotImplementedError(f"the mapping {target}: {value}")
        headers[target.removeprefix(prefix)] = value[1:-1]
    return headers


class Request:
    """Parsed request."""

    def __init__(self, method, target, headers, body, stage):
        address = urllib.parse.urlsplit(target)
        path = urllib.parse.unquote(address.path)
        if path != f"/{stage}" and not path.startswith(f"/{stage}/"):
            raise Refused(403, "Forbidden")
        self.method, self.body = method, body
        self.path = path.removeprefix(f"/{stage}") or "/"
        self.query = urllib.parse.parse_qs(address.query, keep_blank_values=True)
        # http.server decodes headers as Latin-1.
        self.headers = {name: value.encode("latin-1").decode("utf-8", "replace") for name, value in headers.items()}
        self.content_type = self.header("content-type").split(";")[0].strip().lower() or "application/json"

    def header(self, name):
        return next((value for known, value in self.headers.items() if known.lower() == name), "")

    def last_values(self):
        return {name: values[-1] for name, values in self.query.items()}

    def template_input(self, path, stage_variables):
        return {
            "body": self.body.decode("utf-8", "replace"),
            "path": path,
            "querystring": self.last_values(),
            "header": self.headers,
            "stage_variables": stage_variables,
        }


def serve(stage):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = stage.respond(self.command, self.path, self.headers, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD" and status not in (204, 304):
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        # HTTPServer's own looks up the host's name, which can take seconds.
        server_bind = socketserver.TCPServer.server_bind

    server = Server(("127.0.0.1", 0), Handler)
    print(f"Running on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def render_lines():
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(render(case["template"], case["request"], case["context"])))


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", path, name, endpoint, function, variables]:
            serve(Stage(load(path), name, endpoint, function, json.loads(variables)))
        case ["json", path]:
            print(json.dumps(load(path)))
        case ["render"]:
            render_lines()
        case _:
            sys.exit(__doc__)
