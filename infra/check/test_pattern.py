import unittest

from check import pattern, stack
from check.scenario import FULL, LEAST

FINAL = {"succeeded", "failed", "stopped", "fault", "timed-out", "codepipeline-initiator", "s3-source"}
FINAL |= {"with-environment-values", "without-additional-information", "push-webhook", "batch-member", "pipeline-action"}
FINAL |= {"push-with-branch", "log-in-s3", "identity-center", "china", "long-context", "brackets-in-context", "exported-commit"}
UPLOADS = {f"s3-to-teamcity/{case}" for case in ("eventbridge", "folder-marker", "replay")}
BUILDS = {f"codebuild-slack/{case}" for case in FINAL}
API_CHANGES = {
    f"apigw-log-retention/{case}"
    for case in (
        "http-create-stage",
        "http-delete-access-log",
        "http-import",
        "http-quick-create",
        "http-update-stage",
        "other-account",
        "own-update-stage",
        "rest-create-deployment",
        "rest-create-deployment-no-stage",
        "rest-create-stage",
        "rest-import",
        "rest-update-stage",
        "websocket-create-stage",
    )
}


class Rules(unittest.TestCase):
    """Each rule matches its own recorded events and none of all the others."""

    def check_matches(self, app, more, expected):
        self.assertEqual(expected, pattern.matched(stack.made(stack.template(app), LEAST[app] | more)))

    def test_every_rule_matches_its_events_and_no_others(self):
        self.check_matches("s3-to-teamcity", {}, {"UploadRule": UPLOADS})
        self.check_matches("apigw-log-retention", {}, {"FunctionApiChanges": API_CHANGES})
        self.check_matches("codebuild-slack", {}, {"FunctionBuilds": BUILDS})

    def test_with_a_bot_the_rule_also_matches_the_start_and_the_phases(self):
        more = {"WebhookUrlSecret": "", "BotTokenSecret": "slack", "Channel": "C1"}
        others = {"codebuild-slack/in-progress", "codebuild-slack/phase-change"}
        self.check_matches("codebuild-slack", more, {"FunctionBuilds": BUILDS | others})

    def test_filters_exclude_other_buckets_prefixes_and_projects(self):
        self.check_matches("s3-to-teamcity", {"UploadBucket": "another"}, {"UploadRule": set()})
        self.check_matches("s3-to-teamcity", {"UploadPrefix": "out/"}, {"UploadRule": set()})
        self.check_matches("s3-to-teamcity", {"UploadPrefix": "in/"}, {"UploadRule": UPLOADS})
        self.check_matches("codebuild-slack", {"Projects": "another"}, {"FunctionBuilds": set()})

    def test_finds_a_misspelt_status(self):
        written = stack.template("codebuild-slack")
        rule = written["Resources"]["Function"]["Properties"]["Events"]["Builds"]["Properties"]
        rule["Pattern"]["detail"]["build-status"] = ["SUCEEDED", "FAILED", "STOPPED", "FAULT", "TIMED_OUT"]
        matched = pattern.matched(stack.made(written, LEAST["codebuild-slack"]))
        self.assertNotIn("codebuild-slack/succeeded", matched["FunctionBuilds"])

    def test_finds_a_rule_that_matches_failed_calls(self):
        written = stack.template("apigw-log-retention")
        rule = written["Resources"]["Function"]["Properties"]["Events"]["ApiChanges"]["Properties"]
        del rule["Pattern"]["detail"]["errorCode"]
        matched = pattern.matched(stack.made(written, LEAST["apigw-log-retention"]))
        self.assertIn("apigw-log-retention/failed-call", matched["FunctionApiChanges"])


class Operators(unittest.TestCase):
    def check(self, filters, value, expected):
        self.assertEqual(expected, pattern.matches({"a": filters}, {"a": value}), (filters, value))

    def test_compares_as_eventbridge_does(self):
        self.check(["x"], "x", True)
        self.check(["x"], ["y", "x"], True)
        self.check([1], "1", False)
        self.check([None], None, True)
        self.check([{"prefix": "in/"}], "in/a", True)
        self.check([{"prefix": {"equals-ignore-case": "IN/"}}], "in/a", True)
        self.check([{"suffix": ".csv"}], "a.txt", False)
        self.check([{"anything-but": ["x", "y"]}], "z", True)
        self.check([{"anything-but": {"prefix": "x"}}], "xy", False)
        self.check([{"wildcard": "a*c"}], "abc", True)
        self.check([{"exists": False}], "x", False)
        self.assertTrue(pattern.matches({"a": [{"exists": False}]}, {}))
        self.assertFalse(pattern.matches({"a": {"b": ["x"]}}, {"a": "x"}))
        self.assertTrue(pattern.matches({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}))

    def test_refuses_what_eventbridge_rejects(self):
        with self.assertRaisesRegex(ValueError, "in arrays"):
            self.check("x", "x", True)
        with self.assertRaisesRegex(ValueError, "unknown operator"):
            self.check([{"like": "x"}], "x", True)
