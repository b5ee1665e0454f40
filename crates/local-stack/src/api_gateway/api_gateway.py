"""A small stand-in for one stage of a REST API of API Gateway, made from an OpenAPI file with its extensions.

    api_gateway.py serve OPENAPI STAGE LAMBDA FUNCTION VARIABLES   on 127.0.0.1 and a free port
    api_gateway.py json OPENAPI                                     the file as JSON
    api_gateway.py render                                           a line of JSON in, a line of JSON out

Whatever the file refers to, there is one function behind it. Integrations of the types aws, aws_proxy and mock;
anything else is an error, not a guess. No authorizers, API keys, models of responses, caching or throttling.
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
from mapping_template import NotJson, render

EXTENSION = "x-amazon-apigateway-"
LARGEST_BODY = 10 * 1024 * 1024
ACCOUNT = "123456789012"


class Refused(Exception):
    """API Gateway answers by itself."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


class Stage:
    """A deployed stage."""

    def __init__(self, definition, name, endpoint, function, variables):
        self.definition, self.name, self.variables = definition, name, variables
        self.address = f"{endpoint}/2015-03-31/functions/{function}/invocations"
        self.api_id = "local" + hashlib.sha256(endpoint.encode()).hexdigest()[:5]

    def answer(self, request):
        """Status, headers and body of the answer."""
        try:
            return self.ask(request)
        except Refused as refused:
            body = json.dumps({"message": refused.message}).encode()
            return refused.status, self.gateway_headers(refused.status), body

    def ask(self, request):
        if len(request.body) > LARGEST_BODY:
            raise Refused(413, "Request Too Long")
        resource, path, method = self.route(request)
        integration = method[EXTENSION + "integration"]
        self.validate(method, request)
        kind = integration["type"]
        if kind == "aws_proxy":
            return self.proxy(resource, path, integration, request)
        if kind == "aws":
            return self.non_proxy(resource, path, integration, request)
        if kind == "mock":
            return self.mock(resource, path, integration, request)
        raise NotImplementedError(f"the integration type {kind}")

    def route(self, request):
        """An exact path comes before a greedy one, a method before ANY."""
        found = []
        for resource, methods in self.definition["paths"].items():
            pattern = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", re.escape(resource))
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern)
            match = re.fullmatch(pattern, request.path)
            if match:
                found.append(("{" in resource, resource, match.groupdict(), methods))
        for _, resource, path, methods in sorted(found, key=lambda route: route[0]):
            method = methods.get(request.method.lower()) or methods.get(EXTENSION + "any-method")
            if method:
                return resource, path, method
        raise Refused(403, "Missing Authentication Token")

    def validate(self, method, request):
        name = method.get(EXTENSION + "request-validator", self.definition.get(EXTENSION + "request-validator"))
        validator = self.definition.get(EXTENSION + "request-validators", {}).get(name, {})
        if validator.get("validateRequestParameters"):
            for parameter in map(self.resolved, method.get("parameters", [])):
                if parameter.get("required") and parameter["in"] != "path":
                    given = {"query": request.query, "header": request.headers}[parameter["in"]]
                    if parameter["name"] not in given:
                        raise Refused(400, f"Missing required request parameters: [{parameter['name']}]")
        content = method.get("requestBody", {}).get("content", {}).get(request.content_type)
        if validator.get("validateRequestBody") and content:
            schema = {**content["schema"], "components": self.definition["components"]}
            try:
                jsonschema.validate(json.loads(request.body), schema)
            except (ValueError, jsonschema.ValidationError):
                raise Refused(400, "Invalid request body") from None

    def resolved(self, node):
        """What a reference such as #/components/parameters/status points to."""
        if "$ref" not in node:
            return node
        found = self.definition
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return found

    def non_proxy(self, resource, path, integration, request):
        context = self.context(resource, request)
        payload = self.rendered(integration, self.template_input(path, request), context, request)
        error, answer = self.invoke(payload.encode(), integration)
        message = json.loads(answer).get("errorMessage", "") if error else ""
        return self.integration_response(integration, message, answer, context)

    def mock(self, resource, path, integration, request):
        context = self.context(resource, request)
        answer = self.rendered(integration, self.template_input(path, request), context, request)
        return self.integration_response(integration, str(json.loads(answer)["statusCode"]), b"", context)

    def rendered(self, integration, template_input, context, request):
        templates = integration.get("requestTemplates", {})
        template = templates.get(request.content_type)
        if template is None:
            behaviour = integration.get("passthroughBehavior", "when_no_match")
            if behaviour == "never" or (behaviour == "when_no_templates" and templates):
                raise Refused(415, "Unsupported Media Type")
            return request.body.decode()
        try:
            return render(template, template_input, context)
        except NotJson:
            raise Refused(400, "Bad Request") from None

    def template_input(self, path, request):
        return {
            "body": request.body.decode("utf-8", "replace"),
            "path": path,
            "querystring": {name: values[-1] for name, values in request.query.items()},
            "header": dict(request.headers),
            "stage_variables": self.variables,
        }

    def integration_response(self, integration, message, answer, context):
        """The response whose pattern fits the error message (of a mock, the status), else the default."""
        responses = integration["responses"]
        fits = (found for pattern, found in responses.items() if pattern != "default" and re.fullmatch(pattern, message))
        response = next(fits, responses["default"]) if message else responses["default"]
        template = response.get("responseTemplates", {}).get("application/json")
        if template is not None:
            context["responseOverride"] = {"header": {}}
            answer = render(template, {"body": answer.decode()}, context).encode()
        status = int(context.get("responseOverride", {}).get("status", response["statusCode"]))
        headers = {"Content-Type": "application/json"}
        for target, value in response.get("responseParameters", {}).items():
            if not (target.startswith("method.response.header.") and re.fullmatch("'.*'", value)):
                raise NotImplementedError(f"the mapping {target}: {value}")
            headers[target.removeprefix("method.response.header.")] = value[1:-1]
        return status, headers, answer

    def proxy(self, resource, path, integration, request):
        error, answer = self.invoke(json.dumps(self.event(resource, path, request)).encode(), integration)
        try:
            if error:
                raise ValueError(error)
            answer = json.loads(answer)
            status, body = int(answer["statusCode"]), answer.get("body") or ""
            body = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
            headers = {"Content-Type": "application/json", **(answer.get("headers") or {})}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(502, "Internal server error") from None
        return status, headers, body

    def event(self, resource, path, request):
        """Source: "Input format of a Lambda function for proxy integration"."""
        is_binary = request.content_type in self.definition.get(EXTENSION + "binary-media-types", [])
        body = base64.b64encode(request.body).decode() if is_binary else request.body.decode("utf-8", "replace")
        context = self.context(resource, request)
        return {
            "resource": resource,
            "path": request.path,
            "httpMethod": request.method,
            "headers": dict(request.headers),
            "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in request.query.items()} or None,
            "multiValueQueryStringParameters": request.query or None,
            "pathParameters": path or None,
            "stageVariables": self.variables or None,
            "requestContext": {**context, "path": f"/{self.name}{request.path}", "accountId": ACCOUNT},
            "body": body or None,
            "isBase64Encoded": is_binary and bool(body),
        }

    def context(self, resource, request):
        """$context. What there is none of is left out; a template sees an empty text."""
        return {
            "apiId": self.api_id,
            "httpMethod": request.method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": request.header("user-agent")},
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(time.time() * 1000),
            "resourceId": hashlib.sha256(resource.encode()).hexdigest()[:6],
            "resourcePath": resource,
            "stage": self.name,
        }

    def invoke(self, payload, integration):
        """Whether the function failed, and what it or Lambda said."""
        timeout = integration.get("timeoutInMillis", 29000) / 1000
        request = urllib.request.Request(self.address, data=payload, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.headers.get("x-amz-function-error"), answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 400:
                # What the template made is no JSON.
                raise Refused(400, json.loads(error.read())["message"]) from None
            raise Refused(500, "Internal server error") from None
        except TimeoutError:
            raise Refused(504, "Endpoint request timed out") from None

    def gateway_headers(self, status):
        responses = self.definition.get(EXTENSION + "gateway-responses", {})
        parameters = responses.get(f"DEFAULT_{status // 100}XX", {}).get("responseParameters", {})
        headers = {"Content-Type": "application/json"}
        for target, value in parameters.items():
            headers[target.removeprefix("gatewayresponse.header.")] = value[1:-1]
        return headers


class Request:
    """What came in, taken apart."""

    def __init__(self, method, target, headers, body, stage):
        address = urllib.parse.urlsplit(target)
        path = urllib.parse.unquote(address.path)
        if path != f"/{stage}" and not path.startswith(f"/{stage}/"):
            raise Refused(403, "Forbidden")
        self.method, self.body = method, body
        self.path = path.removeprefix(f"/{stage}") or "/"
        self.query = urllib.parse.parse_qs(address.query, keep_blank_values=True)
        # http.server takes bytes for Latin-1.
        self.headers = {name: value.encode("latin-1").decode("utf-8", "replace") for name, value in headers.items()}
        self.content_type = self.header("content-type").split(";")[0].strip().lower() or "application/json"

    def header(self, name):
        return next((value for known, value in self.headers.items() if known.lower() == name), "")


def serve(stage):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                request = Request(self.command, self.path, self.headers, body, stage.name)
                status, headers, answer = stage.answer(request)
            except Refused as refused:
                status, headers = refused.status, stage.gateway_headers(refused.status)
                answer = json.dumps({"message": refused.message}).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD" and status not in (204, 304):
                self.wfile.write(answer)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        # The one of HTTPServer looks up the host's name, which can take seconds.
        server_bind = socketserver.TCPServer.server_bind

    server = Server(("127.0.0.1", 0), Handler)
    print(f"Running on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def render_lines():
    for line in sys.stdin:
        case = json.loads(line)
        try:
            rendered = {"rendered": render(case["template"], case["request"], case["context"])}
        except NotJson as error:
            rendered = {"error": str(error)}
        print(json.dumps(rendered), flush=True)


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
