"""Whether a deployed stage of infra/openapi.yaml works: python3 smoke.py https://…/dev

Needs nothing but Python. Exits 1 when anything is not as it should be, and says what.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

WORDS = "안녕하세요, it's Seoul: \"따옴표\" and \\ 🏙️"


class Wrong(Exception):
    """Something is not as it should be."""


def ask(url, method="GET", body=None, **headers):
    """Status, headers and body of the answer, whatever its status."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=35) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except OSError as error:
        raise Wrong(f"{method} {url}: no answer: {getattr(error, 'reason', error)}") from None


def expect(what, expected, found):
    if found != expected:
        raise Wrong(f"{what}: expected {expected!r}, found {found!r}")


def echo(answer, expected_status=200):
    status, headers, body = answer
    expect(f"the status (with the body {body[:300]!r})", expected_status, status)
    expect("the header Access-Control-Allow-Origin", "*", headers.get("Access-Control-Allow-Origin"))
    try:
        return json.loads(body)
    except ValueError:
        raise Wrong(f"the body is no JSON: {body[:300]!r}") from None


def non_proxy(url, stage):
    """POST /echo gives back Korean, quotes, apostrophes and backslashes, from body, query and headers"""
    query = urllib.parse.urlencode({"words": WORDS})
    body = json.dumps({"words": WORDS}).encode()
    answer = ask(
        f"{url}/echo?{query}", "POST", body, Content_Type="application/json", X_Words="it's \"quoted\"", User_Agent="o'smoke"
    )
    event = echo(answer)["event"]
    expect("the body", {"words": WORDS}, event["body-json"])
    expect("the query", {"words": WORDS}, event["params"]["querystring"])
    headers = {name.lower(): value for name, value in event["params"]["header"].items()}
    expect("the header X-Words", "it's \"quoted\"", headers.get("x-words"))
    expect("context.user-agent", "o'smoke", event["context"]["user-agent"])


def stage_is_the_urls(url, stage):
    """GET /echo names the stage in context.stage and in its variable, and the function"""
    answer = echo(ask(f"{url}/echo"))
    found = answer["event"]["context"]["stage"]
    if stage:
        expect("context.stage", stage, found)
    elif not found:
        raise Wrong("context.stage is empty")
    expect("the stage variable named stage", found, answer["event"]["stage-variables"].get("stage"))
    if not answer["context"].get("functionName"):
        raise Wrong("context.functionName is missing")


def secrets_are_masked(url, stage):
    """a secret in Authorization does not come back, through either integration"""
    for path in ("echo", "proxy"):
        body = json.dumps(echo(ask(f"{url}/{path}", Authorization="Bearer smoke-test-secret")))
        if "smoke-test-secret" in body:
            raise Wrong(f"GET /{path} echoes the value of Authorization: is ECHO_SECRETS true?")


def proxy(url, stage):
    """PUT /proxy/a/b comes as API Gateway's own event, with its body as text"""
    event = echo(ask(f"{url}/proxy/a/b?c=d", "PUT", "it's 한국어".encode(), Content_Type="text/plain"))["event"]
    expect("the method", "PUT", event["httpMethod"])
    expect("the path below /proxy", {"proxy": "a/b"}, event["pathParameters"])
    expect("the body", "it's 한국어", event["body"])
    if stage:
        expect("requestContext.stage", stage, event["requestContext"]["stage"])


def statuses(url, stage):
    """?status= is the answer's status, through either integration"""
    echo(ask(f"{url}/proxy?status=418"), 418)
    refusal = echo(ask(f"{url}/echo?status=503"), 503)
    expect("the refusal", 503, refusal.get("status"))
    refusal = echo(ask(f"{url}/echo?status=soon"), 400)
    if "expected a whole number" not in refusal.get("message", ""):
        raise Wrong(f"?status=soon is refused without a word: {refusal}")


def other_content_types(url, stage):
    """POST /echo with text/plain is a 415 that browsers may read"""
    echo(ask(f"{url}/echo", "POST", b"text", Content_Type="text/plain"), 415)


def malformed_bodies(url, stage):
    """POST /echo with broken JSON is a 400"""
    echo(ask(f"{url}/echo", "POST", b"{'no': json", Content_Type="application/json"), 400)


def preflight(url, stage):
    """a browser's preflight is answered"""
    asked = {"Origin": "https://example.com", "Access_Control_Request_Method": "POST"}
    for path in ("echo", "proxy"):
        status, headers, _ = ask(f"{url}/{path}", "OPTIONS", **asked)
        if status // 100 != 2:
            raise Wrong(f"OPTIONS /{path} is answered {status}")
        expect(f"Access-Control-Allow-Origin of /{path}", "*", headers.get("Access-Control-Allow-Origin"))
        if "POST" not in headers.get("Access-Control-Allow-Methods", ""):
            raise Wrong(f"OPTIONS /{path} does not allow POST")


CHECKS = (
    non_proxy,
    stage_is_the_urls,
    secrets_are_masked,
    proxy,
    statuses,
    other_content_types,
    malformed_bodies,
    preflight,
)


def main(url):
    address = urllib.parse.urlsplit(url)
    if address.scheme not in ("http", "https") or not address.netloc:
        sys.exit("smoke: expected the address of a stage, such as https://….amazonaws.com/dev")
    url = url.rstrip("/")
    # A custom domain may have no stage in its path.
    stage = address.path.strip("/").split("/")[-1]
    failed = 0
    for check in CHECKS:
        try:
            check(url, stage)
            print(f"  ✓ {check.__doc__}", flush=True)
        except (Wrong, KeyError, TypeError, AttributeError) as wrong:
            failed += 1
            reason = wrong if isinstance(wrong, Wrong) else f"the echo has another shape: {wrong!r}"
            print(f"  ✗ {check.__doc__}\n      {reason}", flush=True)
    if failed:
        sys.exit(f"smoke: {failed} of {len(CHECKS)} checks of {url} failed")
    print(f"smoke: {url} works")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
