import contextlib
import http.server
import io
import json
import os
import threading
import unittest
import unittest.mock
import urllib.parse

import smoke

PREP, ANALYSIS = "nightshift-month-prod-stat-prep", "nightshift-month-prod-stat-analysis"
SLACK = "nightshift-codebuild-slack-prod"
#: Resources of the deployed stacks, by stack name: type and physical id.
STACKS = {
    "nightshift-month-prod": [
        ("AWS::S3::Bucket", "nightshift-month-prod-reports-1abc"),
        ("AWS::Lambda::Function", PREP),
        ("AWS::Lambda::Function", ANALYSIS),
    ],
    SLACK: [("AWS::DynamoDB::Table", f"{SLACK}-Messages-1ABC"), ("AWS::Lambda::Function", SLACK)],
    "nightshift-alarms-prod": [("AWS::SNS::Topic", "arn:aws:sns:ap-northeast-2:123456789012:nightshift-alarms-prod")],
}


def answer(*checks):
    """Returns a function's response to the check event."""
    listed = [{"name": name, "ok": ok, "detail": detail} for name, ok, detail in checks]
    return {"function": "f", "version": "7", "ok": all(one["ok"] is not False for one in listed), "checks": listed}


class Aws(http.server.BaseHTTPRequestHandler):
    """CloudFormation's stacks and Lambda's functions, as far as smoke.py asks for them."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "/functions/" in self.path:
            self.invoke(body)
        else:
            self.list_resources(urllib.parse.parse_qs(body)["StackName"][0])

    def list_resources(self, name):
        if name not in STACKS:
            error = f"<Error><Code>ValidationError</Code><Message>Stack with id {name} does not exist</Message></Error>"
            return self.respond(400, f"<ErrorResponse>{error}</ErrorResponse>")
        members = "".join(
            f"<member><ResourceType>{kind}</ResourceType><PhysicalResourceId>{id}</PhysicalResourceId></member>"
            for kind, id in STACKS[name]
        )
        result = f"<StackResourceSummaries>{members}</StackResourceSummaries>"
        self.respond(200, f"<R><ListStackResourcesResult>{result}</ListStackResourcesResult></R>")

    def invoke(self, event):
        url = urllib.parse.urlsplit(self.path)
        function = url.path.split("/")[3]
        self.server.received.append((function, url.query, json.loads(event)))
        if function not in self.server.answers:
            return self.respond(404, json.dumps({"Message": f"Function not found: {function}"}))
        payload = self.server.answers[function]
        self.respond(200, json.dumps(payload), {"X-Amz-Function-Error": "Unhandled"} if "errorType" in payload else {})

    def respond(self, status, text, headers={}):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(text.encode()))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


class Smoke(unittest.TestCase):
    """The workflow rolls back if smoke.py fails, and continues if it only warns."""

    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Aws)
        self.server.answers, self.server.received = {}, []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def smoke(self, app, stage, **answers):
        """Returns what smoke.py prints, and the error with which it ends, or None."""
        self.server.answers = answers
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server.server_port}",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "a",
            "NO_PROXY": "127.0.0.1",
        }
        printed = io.StringIO()
        with unittest.mock.patch.dict(os.environ, environment), contextlib.redirect_stdout(printed):
            try:
                smoke.main(app, stage)
            except SystemExit as exit:
                return printed.getvalue(), exit.code
        return printed.getvalue(), None

    def test_the_check_event_goes_to_the_alias_of_every_function_and_of_nothing_else(self):
        fine = answer(("variables", True, "read"))
        self.assertIsNone(self.smoke("month", "prod", **{PREP: fine, ANALYSIS: fine})[1])
        self.assertIsNone(self.smoke("codebuild-slack", "prod", **{SLACK: fine})[1])
        event = ("Qualifier=live", {"check": True})
        self.assertEqual([(PREP, *event), (ANALYSIS, *event), (SLACK, *event)], self.server.received)

    def test_every_check_is_printed_with_its_result(self):
        checks = answer(("secret A", True, "read"), ("bucket", None, "not tried: a write would remain"))
        printed, error = self.smoke("codebuild-slack", "prod", **{SLACK: checks})
        self.assertIsNone(error)
        self.assertEqual(
            f"{SLACK}, version 7\n  ✓ secret A: read\n  – bucket: not tried: a write would remain\n", printed
        )

    def test_a_faulty_configuration_fails_and_the_other_functions_are_checked_too(self):
        broken, fine = answer(("secret A", False, "access denied")), answer(("variables", True, "read"))
        printed, error = self.smoke("month", "prod", **{PREP: broken, ANALYSIS: fine})
        self.assertIn("  ✗ secret A: access denied\n", printed)
        self.assertIn(f"{ANALYSIS}, version 7\n", printed)
        self.assertEqual(f"smoke: {PREP}: a check failed; see the lines marked ✗", error)

    def test_a_system_that_is_down_is_a_warning(self):
        checks = answer(("Slack reachable", False, "connection refused"), ("token", None, "Slack is not reachable"))
        printed, error = self.smoke("codebuild-slack", "prod", **{SLACK: checks})
        self.assertIsNone(error)
        self.assertIn("  ! Slack reachable: connection refused\n", printed)

    def test_a_function_that_cannot_start_fails(self):
        error = {"errorType": "ConfigurationError", "errorMessage": "SLACK_ROUTES[0].channel: expected text"}
        printed, exit = self.smoke("codebuild-slack", "prod", **{SLACK: error})
        self.assertEqual(f"{SLACK}\n  ✗ ConfigurationError: SLACK_ROUTES[0].channel: expected text\n", printed)
        self.assertIn(SLACK, exit)

    def test_what_is_not_deployed_is_named(self):
        error = self.smoke("month", "dev")[1]
        self.assertIn("smoke: stack nightshift-month-dev in ap-northeast-2: ", error)
        self.assertIn("does not exist", error)
        self.assertIn("has no functions", self.smoke("alarms", "prod")[1])
        self.assertIn("no stage test, expected one of dev, prod", self.smoke("month", "test")[1])
