import json
import re
import unittest

from check import rust, stack, wiring
from check.scenario import EVERY_OPTION, SCENARIOS


class Wiring(unittest.TestCase):
    def setUp(self):
        self.made = stack.made(stack.template(), EVERY_OPTION)

    def resource(self, name):
        return self.made["Resources"][name]["Properties"]

    def test_nothing_is_lost_or_unwatched_in_any_scenario(self):
        for name, parameters in SCENARIOS.items():
            with self.subTest(name):
                made = stack.made(stack.template(), parameters)
                self.assertEqual([], wiring.aliases(made) + wiring.losses(made))
                self.assertEqual([], wiring.unwatched(made) + wiring.unlogged(made))

    def test_finds_a_trigger_that_goes_past_the_alias(self):
        self.resource("StatPrepFunctionMonthly")["Target"]["Arn"] = {"Fn::GetAtt": ["StatPrepFunction", "Arn"]}
        self.assertEqual(["StatPrepFunctionMonthly does not go to the alias live"], wiring.aliases(self.made))

    def test_finds_tasks_that_go_past_the_alias(self):
        variables = self.resource("StatPrepFunction")["Environment"]["Variables"]
        variables["STAT_ANALYSIS_FUNCTIONS"] = {"Fn::Sub": "${AWS::StackName}-stat-analysis"}
        self.assertEqual(
            ["StatPrepFunction hands tasks to something else than the alias live"], wiring.aliases(self.made)
        )

    def test_finds_a_visibility_timeout_that_is_too_short(self):
        self.resource("Uploads")["VisibilityTimeout"] = 300
        self.assertEqual(
            ["S3ToTeamcityFunctionUploads: the queue shows messages again before six timeouts of 60 s"],
            wiring.losses(self.made),
        )

    def test_finds_failures_that_nobody_keeps(self):
        del self.made["Resources"]["CodebuildSlackFunctionEventInvokeConfig"]
        self.assertEqual(
            ["CodebuildSlackFunction is invoked asynchronously and keeps no failures"], wiring.losses(self.made)
        )

    def test_finds_a_queue_that_fills_up_unheard(self):
        del self.made["Resources"]["UploadsDeadLettersAlarm"]
        self.assertEqual(["nobody hears of messages in UploadsDeadLetters"], wiring.unwatched(self.made))

    def test_finds_failed_messages_that_nobody_hears_of(self):
        alarms = self.resource("S3ToTeamcityFunctionDeploymentGroup")["AlarmConfiguration"]["Alarms"]
        alarms.remove({"Name": {"Ref": "UploadsFailed"}})
        self.assertEqual(
            [
                "S3ToTeamcityFunctionDeploymentGroup: a message that fails is no error of Lambda, "
                "and rolls nothing back"
            ],
            wiring.unwatched(self.made),
        )

    def test_finds_an_alarm_with_which_a_failing_version_keeps_out_its_fix(self):
        group = self.resource("StatPrepFunctionDeploymentGroup")
        group["AlarmConfiguration"]["Alarms"] = [{"Name": {"Ref": "StatPrepErrors"}}]
        self.assertEqual(
            [
                "StatPrepFunctionDeploymentGroup: StatPrepErrors counts the old version, "
                "whose fix could not be deployed"
            ],
            wiring.unwatched(self.made),
        )

    def test_finds_an_alarm_that_anybody_can_ring_to_stop_a_deployment(self):
        group = self.resource("ApiLoopbackFunctionDeploymentGroup")
        group["AlarmConfiguration"]["Alarms"] = [{"Name": {"Ref": "ApiLoopbackErrors"}}]
        self.assertIn(
            "ApiLoopbackFunctionDeploymentGroup: whoever calls the API can ring ApiLoopbackErrors",
            wiring.unwatched(self.made),
        )

    def test_finds_an_alarm_that_not_even_all_at_once_gets_past(self):
        group = self.resource("ApiLoopbackFunctionDeploymentGroup")
        group["DeploymentConfigName"] = "CodeDeployDefault.LambdaAllAtOnce"
        self.assertEqual(
            ["ApiLoopbackFunctionDeploymentGroup: ApiLoopbackRollback stops even AllAtOnce"],
            wiring.unwatched(self.made),
        )

    def test_refusals_are_left_out_by_the_name_that_the_function_gives_them(self):
        [filter_] = stack.of_type(self.made, "AWS::Logs::MetricFilter").values()
        self.assertIn('$.fields.message != "Refusal: *"', filter_["FilterPattern"])
        self.assertIn("Refusal", rust.metrics("api-loopback"))
        [transformation] = filter_["MetricTransformations"]
        alarm = self.resource("ApiLoopbackRollback")
        self.assertEqual(
            (alarm["Namespace"], alarm["MetricName"]),
            (transformation["MetricNamespace"], transformation["MetricName"]),
        )

    def test_finds_a_log_that_never_ends(self):
        del self.resource("StatPrepLogGroup")["RetentionInDays"]
        self.assertEqual(["stat-prep's log never ends"], wiring.unlogged(self.made))

    def test_finds_a_misspelt_metric(self):
        self.resource("MonthUnfinished")["MetricName"] = "MonthUnfinnished"
        self.assertEqual(
            ["MonthUnfinished: stat-prep has no metric MonthUnfinnished"], wiring.unwatched(self.made)
        )

    def test_the_dashboard_is_json_and_shows_metrics_that_there_are(self):
        body = json.loads(stack.text(self.resource("Dashboard")["DashboardBody"]))
        shown = [
            m for widget in body["widgets"] for m in widget["properties"]["metrics"] if m[0] == "Nightshift"
        ]
        self.assertGreater(len(shown), 10)
        for _, metric, dimension, function in shown:
            self.assertEqual("Function", dimension)
            self.assertIn(metric, rust.metrics(re.sub(r"^\$\{AWS::StackName\}-", "", function)))
