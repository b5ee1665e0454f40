"""Checks a deployed stage of the API of api-loopback: python3 smoke.py https://…/dev

Exits 1 if a check fails, and reports why. The API requires AWS_IAM by default: if AWS credentials are available and
botocore is installed, requests to an execute-api address are signed with SigV4. Otherwise it needs only Python.

Right after a deployment an API may still respond as before it, or not at all, and it may be throttled: each check is
repeated for SMOKE_PATIENCE_S seconds, 30 by default. After one check has failed for that long, the others run once.
"""

import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# Headers of every response, of the function and of the gateway.
HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
LONGEST_PAUSE_S = 2
WORDS = "안녕하세요, it's Seoul: \"따옴표\" and \\ 🏙️"


class Signer:
    """Signs requests with the caller's AWS credentials."""

    def __init__(self, credentials, region):
        self.credentials, self.region = credentials, region

    def sign(self, method, url, body, headers):
        """Returns the headers with a signature. Only those that no proxy changes are signed."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method=method, url=url, data=body)
        SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        return headers | dict(request.headers.items())


def signer(url):
    """Returns a signer for an execute-api address, or None without credentials, without botocore or elsewhere."""
    host = urllib.parse.urlsplit(url).hostname or ""
    match = re.fullmatch(r"[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?", host)
    if not match:
        return None
    try:
        import botocore.session
    except ImportError:
        return None
    credentials = botocore.session.Session().get_credentials()
    return Signer(credentials.get_frozen_credentials(), match[1]) if credentials else None


#: Signs all requests of this run.
SIGNER = None


class CheckFailed(Exception):
    """A response that differs from the expected one."""


def send(url, method="GET", body=None, **headers):
    """Sends a request. Returns status, headers and body of the response, also for an error status."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    # A browser sends its preflight without a signature.
    if SIGNER and method != "OPTIONS":
        headers = SIGNER.sign(method, url, body, headers)
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=35) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except (OSError, http.client.HTTPException) as error:
        raise CheckFailed(f"{method} {url}: no response: {getattr(error, 'reason', error)}") from None


def expect(subject, expected, found):
    if found != expected:
        raise CheckFailed(f"{subject}: expected {expected!r}, found {found!r}")


def check_common_headers(request, headers):
    for name, value in HEADERS.items():
        expect(f"the header {name}{request}", value, headers.get(name))


def echo(response, expected_status=200):
    """Checks status and headers of a response, and returns its JSON."""
    status, headers, body = response
    expect(f"the status (with the body {body[:300]!r})", expected_status, status)
    check_common_headers("", headers)
    try:
        return json.loads(body)
    except ValueError:
        raise CheckFailed(f"the body is not JSON: {body[:300]!r}") from None


def non_proxy(url, stage):
    """POST /echo echoes Korean, quotes, apostrophes and backslashes, from body, query and headers"""
    query = urllib.parse.urlencode({"words": WORDS})
    body = json.dumps({"words": WORDS}).encode()
    response = send(
        f"{url}/echo?{query}", "POST", body, Content_Type="application/json", X_Words="it's \"quoted\"", User_Agent="o'smoke"
    )
    event = echo(response)["event"]
    expect("the body", {"words": WORDS}, event["body-json"])
    expect("the query", {"words": WORDS}, event["params"]["querystring"])
    headers = {name.lower(): value for name, value in event["params"]["header"].items()}
    expect("the header X-Words", "it's \"quoted\"", headers.get("x-words"))
    expect("context.user-agent", "o'smoke", event["context"]["user-agent"])


def stage_name(url, stage):
    """GET /echo names the stage in context.stage and in its variable, and the function"""
    received = echo(send(f"{url}/echo"))
    found = received["event"]["context"]["stage"]
    if stage:
        expect("context.stage", stage, found)
    elif not found:
        raise CheckFailed("context.stage is empty")
    expect("the stage variable named stage", found, received["event"]["stage-variables"].get("stage"))
    if not received["context"].get("functionName"):
        raise CheckFailed("context.functionName is missing")


def secrets_are_masked(url, stage):
    """a secret in a header is masked by both integrations"""
    # The signature of a signed request is in Authorization.
    name = "X_Auth_Token" if SIGNER else "Authorization"
    for path in ("echo", "proxy"):
        body = json.dumps(echo(send(f"{url}/{path}", **{name: "Bearer smoke-test-secret"})))
        if "smoke-test-secret" in body:
            header = name.replace("_", "-")
            raise CheckFailed(f"GET /{path} echoes the value of {header}: is ECHO_SECRETS true?")


def proxy(url, stage):
    """PUT /proxy/a/b echoes API Gateway's own event, with its body as text"""
    event = echo(send(f"{url}/proxy/a/b?c=d", "PUT", "it's 한국어".encode(), Content_Type="text/plain"))["event"]
    expect("the method", "PUT", event["httpMethod"])
    expect("the path below /proxy", {"proxy": "a/b"}, event["pathParameters"])
    expect("the body", "it's 한국어", event["body"])
    if stage:
        expect("requestContext.stage", stage, event["requestContext"]["stage"])


def statuses(url, stage):
    """?status= sets the status of the response in both integrations"""
    echo(send(f"{url}/proxy?status=418"), 418)
    rejected = echo(send(f"{url}/echo?status=503"), 503)
    expect("the status in the body", 503, rejected.get("status"))
    rejected = echo(send(f"{url}/echo?status=soon"), 400)
    if "expected a whole number" not in rejected.get("message", ""):
        raise CheckFailed(f"?status=soon is rejected without a reason: {rejected}")


def other_content_types(url, stage):
    """POST /echo with text/plain is a 415 that browsers may read"""
    echo(send(f"{url}/echo", "POST", b"text", Content_Type="text/plain"), 415)


def malformed_bodies(url, stage):
    """POST /echo with broken JSON is a 400"""
    echo(send(f"{url}/echo", "POST", b"{'no': json", Content_Type="application/json"), 400)


def preflight(url, stage):
    """a browser's preflight gets a response"""
    request = {"Origin": "https://example.com", "Access_Control_Request_Method": "POST"}
    for path in ("echo", "proxy"):
        status, headers, _ = send(f"{url}/{path}", "OPTIONS", **request)
        if status // 100 != 2:
            raise CheckFailed(f"the status of OPTIONS /{path} is {status}")
        check_common_headers(f" of OPTIONS /{path}", headers)
        if "POST" not in headers.get("Access-Control-Allow-Methods", ""):
            raise CheckFailed(f"OPTIONS /{path} does not allow POST")


CHECKS = (
    non_proxy,
    stage_name,
    secrets_are_masked,
    proxy,
    statuses,
    other_content_types,
    malformed_bodies,
    preflight,
)


def attempt(check, url, stage):
    """Runs a check once. Returns the reason of its failure, or None."""
    try:
        check(url, stage)
    except CheckFailed as failure:
        return str(failure)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return f"the echo has an unexpected form: {error!r}"
    return None


def repeat(check, url, stage, patience):
    """Repeats a check until it succeeds or the patience ends. Returns the reasons of the last and the first failure."""
    end, pause = time.monotonic() + patience, 0.5
    first = last = attempt(check, url, stage)
    # Any failure: a status of 403, 429 or 5xx, no response, or a response of the previous deployment.
    while last and time.monotonic() + pause <= end:
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
        last = attempt(check, url, stage)
    return last, first


def main(url, patience):
    address = urllib.parse.urlsplit(url)
    if address.scheme not in ("http", "https") or not address.netloc:
        sys.exit("smoke: expected the URL of a stage, such as https://….amazonaws.com/dev")
    if not patience.isascii() or not patience.isdigit():
        sys.exit("smoke: SMOKE_PATIENCE_S is malformed: expected a whole number of seconds")
    patience = int(patience)
    url = url.rstrip("/")
    global SIGNER
    SIGNER = signer(url)
    # Empty for a custom domain without a stage in its path.
    stage = address.path.strip("/").split("/")[-1]
    failed = 0
    for check in CHECKS:
        last, first = repeat(check, url, stage, 0 if failed else patience)
        failed += bool(last)
        print(f"  {'✗' if last else '✓'} {check.__doc__}", flush=True)
        if last:
            print(f"      {last}", flush=True)
        elif first:
            print(f"      not at first: {first}", flush=True)
    if failed:
        sys.exit(f"smoke: {failed} of {len(CHECKS)} checks of {url} failed")
    print(f"smoke: {url} works")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1], os.environ.get("SMOKE_PATIENCE_S") or "30")
