"""Whether a deployed stage of infra/openapi.yaml works: python3 smoke.py https://…/dev

Needs nothing but Python. Exits 1 when anything is not as it should be, and says what.

Right after a deployment an API may still answer as before it, or not at all, and it may be throttled: each check is
tried anew for SMOKE_PATIENCE_S seconds, 30 where nothing is said. After one that has failed for so long there is no
more patience: the outcome stands.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# What every answer says, whoever gives it.
HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
LONGEST_PAUSE_S = 2
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
    except (OSError, http.client.HTTPException) as error:
        raise Wrong(f"{method} {url}: no answer: {getattr(error, 'reason', error)}") from None


def expect(what, expected, found):
    if found != expected:
        raise Wrong(f"{what}: expected {expected!r}, found {found!r}")


def said_by_all(whose, headers):
    for name, value in HEADERS.items():
        expect(f"the header {name}{whose}", value, headers.get(name))


def echo(answer, expected_status=200):
    status, headers, body = answer
    expect(f"the status (with the body {body[:300]!r})", expected_status, status)
    said_by_all("", headers)
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
        said_by_all(f" of OPTIONS /{path}", headers)
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


def attempt(check, url, stage):
    """What is wrong, or None."""
    try:
        check(url, stage)
    except Wrong as wrong:
        return str(wrong)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return f"the echo has another shape: {error!r}"
    return None


def tried(check, url, stage, patience):
    """What is wrong at the end of our patience, or None; and what was wrong at first."""
    end, pause = time.monotonic() + patience, 0.5
    first = wrong = attempt(check, url, stage)
    # Whatever it is: a status of 403, 429 or 5xx, no answer, or a stage that is still the one before.
    while wrong and time.monotonic() + pause <= end:
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
        wrong = attempt(check, url, stage)
    return wrong, first


def main(url, patience):
    address = urllib.parse.urlsplit(url)
    if address.scheme not in ("http", "https") or not address.netloc:
        sys.exit("smoke: expected the address of a stage, such as https://….amazonaws.com/dev")
    if not patience.isascii() or not patience.isdigit():
        sys.exit("smoke: SMOKE_PATIENCE_S is malformed: expected a whole number of seconds")
    patience = int(patience)
    url = url.rstrip("/")
    # A custom domain may have no stage in its path.
    stage = address.path.strip("/").split("/")[-1]
    failed = 0
    for check in CHECKS:
        wrong, first = tried(check, url, stage, 0 if failed else patience)
        failed += bool(wrong)
        print(f"  {'✗' if wrong else '✓'} {check.__doc__}", flush=True)
        if wrong:
            print(f"      {wrong}", flush=True)
        elif first:
            print(f"      not at first: {first}", flush=True)
    if failed:
        sys.exit(f"smoke: {failed} of {len(CHECKS)} checks of {url} failed")
    print(f"smoke: {url} works")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1], os.environ.get("SMOKE_PATIENCE_S") or "30")
