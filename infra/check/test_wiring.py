import json
import unittest

from check import stack, wiring
from check.scenario import FULL, LEAST, SCENARIOS


class Wiring(unittest.TestCase):
    def setUp(self):
        self.made = {app: stack.made(stack.template(app), FULL[app]) for app in stack.FUNCTIONAL}

    def resource(self, app, name):
        return self.made[app]["Resources"][name]["Properties"]

    def test_no_scenario_loses_an_event_or_hides_a_failure(self):
        for app, name, parameters in SCENARIOS:
            with self.subTest(f"{app}, {name}"):
                made = stack.made(stack.template(app), parameters)
                self.assertEqual([], wiring.aliases(made) + wiring.losses(made))
                self.assertEqual([], wiring.unwatched(made) + wiring.unlogged(made))

    def test_finds_a_trigger_that_bypasses_the_alias(self):
        self.resource("month", "StatPrepMonthly")["Target"]["Arn"] = {"Fn::GetAtt": ["StatPrep", "Arn"]}
        self.assertEqual(["StatPrepMonthly does not invoke the alias live"], wiring.aliases(self.made["month"]))

    def test_finds_tasks_that_bypass_the_alias(self):
        variables = self.resource("month", "StatPrep")["Environment"]["Variables"]
        variables["STAT_ANALYSIS_FUNCTIONS"] = {"Fn::Sub": "${AWS::StackName}-stat-analysis"}
        self.assertEqual(["StatPrep invokes tasks without the alias live"], wiring.aliases(self.made["month"]))

    def test_finds_a_visibility_timeout_that_is_too_short(self):
        self.resource("s3-to-teamcity", "Uploads")["VisibilityTimeout"] = 300
        self.assertEqual(
            ["FunctionUploads: the visibility timeout is shorter than six function timeouts of 60 s"],
            wiring.losses(self.made["s3-to-teamcity"]),
        )

    def test_finds_a_function_without_a_failure_destination(self):
        del self.made["codebuild-slack"]["Resources"]["FunctionEventInvokeConfig"]
        self.assertEqual(
            ["Function is invoked asynchronously and has no failure destination"],
            wiring.losses(self.made["codebuild-slack"]),
        )

    def test_finds_a_queue_without_an_alarm(self):
        del self.made["s3-to-teamcity"]["Resources"]["UploadsDeadLettersAlarm"]
        self.assertEqual(
            ["no alarm reports messages in UploadsDeadLetters"], wiring.unwatched(self.made["s3-to-teamcity"])
        )

    def test_finds_an_alarm_with_which_a_failing_version_blocks_its_fix(self):
        alarm = self.resource("codebuild-slack", "Rollback")
        alarm["Dimensions"] = alarm["Dimensions"][:2]
        self.assertEqual(
            [
                "FunctionDeploymentGroup: Rollback also counts the old version, and would block the deployment of "
                "its fix"
            ],
            wiring.unwatched(self.made["codebuild-slack"]),
        )

    def test_finds_a_log_group_without_retention(self):
        del self.resource("month", "StatPrepLogGroup")["RetentionInDays"]
        self.assertEqual(["stat-prep's log group has no retention"], wiring.unlogged(self.made["month"]))

    def test_finds_a_misspelt_metric(self):
        self.resource("month", "MonthUnfinished")["MetricName"] = "MonthUnfinnished"
        self.assertEqual(
            ["MonthUnfinished: stat-prep emits no metric MonthUnfinnished"], wiring.unwatched(self.made["month"])
        )

    def test_a_schedule_that_stops_is_reported_while_triggers_are_enabled(self):
        for app, name in (("month", "ResumeMissing"), ("apigw-log-retention", "SweepMissing")):
            for triggers, meaning in (("true", "breaching"), ("false", "notBreaching")):
                given = LEAST[app] | {"TriggersEnabled": triggers}
                alarm = stack.made(stack.template(app), given)["Resources"][name]["Properties"]
                self.assertEqual(meaning, alarm["TreatMissingData"])

    def test_a_failed_event_sends_one_mail(self):
        for app in ("apigw-log-retention", "codebuild-slack", "month"):
            alarms = stack.of_type(self.made[app], "AWS::CloudWatch::Alarm")
            reporting = [name for name, a in alarms.items() if "AlarmActions" in a and a["MetricName"] == "Errors"]
            self.assertEqual(["Rollback"] if app != "month" else [], reporting)

    def test_without_a_topic_alarms_have_no_action(self):
        alarms = stack.of_type(stack.made(stack.template("month"), LEAST["month"]), "AWS::CloudWatch::Alarm")
        self.assertFalse(any("AlarmActions" in alarm for alarm in alarms.values()))

    def test_the_dashboard_is_json(self):
        made = stack.made(stack.template("alarms"), FULL["alarms"])
        body = json.loads(stack.text(made["Resources"]["Dashboard"]["Properties"]["DashboardBody"]))
        self.assertEqual(6, len(body["widgets"]))
        self.assertIn('"team-"', body["widgets"][0]["properties"]["metrics"][0][0]["expression"])
