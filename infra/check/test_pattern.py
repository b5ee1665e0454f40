import unittest

from check import pattern, stack
from check.scenario import ALL, EVERY_OPTION, PROD

FINAL = {"succeeded", "failed", "stopped", "fault", "timed-out", "codepipeline-initiator", "s3-source"}
FINAL |= {"with-environment-values", "without-additional-information", "push-webhook"}
BUILDS = {f"codebuild-slack/{case}" for case in FINAL}
API_CHANGES = {
    f"apigw-log-retention/{case}"
    for case in (
        "http-create-stage",
        "rest-create-deployment",
        "rest-create-deployment-no-stage",
        "rest-create-stage",
        "websocket-create-stage",
    )
}


class Template(unittest.TestCase):
    """Each rule matches the recorded events that are its own, and none of all the others."""

    def setUp(self):
        self.written = stack.template()

    def check_matches(self, parameters, expected):
        self.assertEqual(expected, pattern.matched(stack.made(self.written, parameters)))

    def test_every_rule_matches_its_events_and_no_others(self):
        self.check_matches(
            PROD | ALL,
            {
                "UploadRule": {"s3-to-teamcity/eventbridge"},
                "ApigwLogRetentionFunctionApiChanges": API_CHANGES,
                "CodebuildSlackFunctionBuilds": BUILDS,
            },
        )

    def test_with_one_message_per_build_the_rule_matches_its_beginning_and_phases_too(self):
        matched = pattern.matched(stack.made(self.written, EVERY_OPTION | {"CodebuildProjects": ""}))
        others = {"codebuild-slack/in-progress", "codebuild-slack/phase-change"}
        self.assertEqual(BUILDS | others, matched["CodebuildSlackFunctionBuilds"])

    def test_filters_leave_other_buckets_prefixes_and_projects_alone(self):
        for parameters, rule in (
            ({"UploadBucket": "another"}, "UploadRule"),
            ({"UploadPrefix": "out/"}, "UploadRule"),
            ({"CodebuildProjects": "another"}, "CodebuildSlackFunctionBuilds"),
        ):
            matched = pattern.matched(stack.made(self.written, PROD | ALL | parameters))
            self.assertEqual(set(), matched[rule], parameters)
        matched = pattern.matched(stack.made(self.written, PROD | ALL | {"UploadPrefix": "in/"}))
        self.assertEqual({"s3-to-teamcity/eventbridge"}, matched["UploadRule"])

    def test_finds_a_misspelt_status(self):
        rule = self.written["Resources"]["CodebuildSlackFunction"]["Properties"]["Events"]["Builds"][
            "Properties"
        ]
        rule["Pattern"]["detail"]["build-status"] = ["SUCEEDED", "FAILED", "STOPPED", "FAULT", "TIMED_OUT"]
        matched = pattern.matched(stack.made(self.written, PROD | ALL))
        self.assertNotIn("codebuild-slack/succeeded", matched["CodebuildSlackFunctionBuilds"])

    def test_finds_a_rule_that_lets_failed_calls_through(self):
        rule = self.written["Resources"]["ApigwLogRetentionFunction"]["Properties"]["Events"]["ApiChanges"]
        del rule["Properties"]["Pattern"]["detail"]["errorCode"]
        matched = pattern.matched(stack.made(self.written, PROD | ALL))
        self.assertIn("apigw-log-retention/failed-call", matched["ApigwLogRetentionFunctionApiChanges"])


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

    def test_refuses_what_eventbridge_would_not_take(self):
        with self.assertRaisesRegex(ValueError, "in arrays"):
            self.check("x", "x", True)
        with self.assertRaisesRegex(ValueError, "no operator"):
            self.check([{"like": "x"}], "x", True)
