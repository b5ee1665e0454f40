import json
import unittest

from check import schedule, stack
from check.scenario import LEAST

EVENTS = stack.ROOT / "events"


class Schedule(unittest.TestCase):
    def setUp(self):
        self.schedules = {
            (app, name): properties
            for app in stack.FUNCTIONAL
            for name, properties in stack.of_type(
                stack.made(stack.template(app), LEAST[app]), "AWS::Scheduler::Schedule"
            ).items()
        }

    def test_all_schedules_and_time_zones_are_valid(self):
        self.assertGreaterEqual(len(self.schedules), 3)
        for name, properties in self.schedules.items():
            with self.subTest(name):
                zone = properties["ScheduleExpressionTimezone"]
                self.assertEqual([], schedule.faults(properties["ScheduleExpression"], zone))

    def test_the_month_starts_at_one_in_seoul_on_the_first(self):
        monthly = self.schedules["month", "StatPrepMonthly"]
        self.assertEqual("cron(0 1 1 * ? *)", monthly["ScheduleExpression"])
        self.assertEqual("Asia/Seoul", monthly["ScheduleExpressionTimezone"])

    def test_inputs_are_events_with_which_the_functions_are_tested(self):
        for name, event in {
            ("month", "StatPrepMonthly"): "stat-prep/scheduler-time.json",
            ("month", "StatPrepResume"): "stat-prep/scheduled-resume.json",
            ("apigw-log-retention", "FunctionSweep"): "apigw-log-retention/sweep.json",
        }.items():
            expected = json.loads((EVENTS / event).read_text())
            if "time" in expected:
                # Scheduler replaces it with the scheduled instant.
                expected["time"] = "<aws.scheduler.scheduled-time>"
            self.assertEqual(expected, json.loads(self.schedules[name]["Target"]["Input"]))

    def check_finds(self, expression, *sentences, zone="Asia/Seoul"):
        self.assertEqual(list(sentences), schedule.faults(expression, zone))

    def test_finds_what_scheduler_would_reject(self):
        self.check_finds("cron(0 1 1 * *)", "cron(0 1 1 * *) has 5 fields, expected 6")
        self.check_finds("cron(0 25 1 * ? *)", "cron(0 25 1 * ? *): 25 is not a valid hour")
        self.check_finds(
            "cron(0 1 1 * * *)", "cron(0 1 1 * * *): expected ? for exactly one of day of the month and day of the week"
        )
        self.check_finds("rate(1 hours)", "rate(1 hours): expected the singular for 1 and the plural otherwise, as in rate(1 hour) and rate(2 hours)")
        self.check_finds("every hour", "'every hour' is neither cron(…), rate(…) nor at(…)")
        self.check_finds("rate(1 hour)", "Asia/Soul is not a time zone", zone="Asia/Soul")

    def test_accepts_all_cron_syntax(self):
        for expression in (
            "cron(0 16 L * ? *)",
            "cron(0/15 8-18 ? * MON-FRI *)",
            "cron(30 9 ? JAN,JUL 2#1 2026-2030)",
        ):
            self.check_finds(expression)
