import json
import unittest

from check import schedule, stack
from check.scenario import APIGW_LOG_RETENTION, PROD, STATISTICS

EVENTS = stack.ROOT / "events"


class Schedule(unittest.TestCase):
    def setUp(self):
        made = stack.made(stack.template(), PROD | STATISTICS | APIGW_LOG_RETENTION)
        self.schedules = stack.of_type(made, "AWS::Scheduler::Schedule")

    def test_all_schedules_and_time_zones_are_valid(self):
        for name, properties in self.schedules.items():
            with self.subTest(name):
                zone = properties["ScheduleExpressionTimezone"]
                self.assertEqual([], schedule.faults(properties["ScheduleExpression"], zone))

    def test_the_month_begins_at_one_in_seoul_on_the_first(self):
        monthly = self.schedules["StatPrepFunctionMonthly"]
        self.assertEqual("cron(0 1 1 * ? *)", monthly["ScheduleExpression"])
        self.assertEqual("Asia/Seoul", monthly["ScheduleExpressionTimezone"])

    def test_inputs_are_events_that_the_functions_are_tested_with(self):
        monthly = json.loads(self.schedules["StatPrepFunctionMonthly"]["Target"]["Input"])
        self.assertEqual({"time": "<aws.scheduler.scheduled-time>"}, monthly)
        self.assertEqual(set(monthly), set(json.loads((EVENTS / "stat-prep/scheduler-time.json").read_text())))
        for name, event in {
            "StatPrepFunctionResume": "stat-prep/resume.json",
            "ApigwLogRetentionFunctionSweep": "apigw-log-retention/sweep.json",
        }.items():
            sent = json.loads(self.schedules[name]["Target"]["Input"])
            self.assertEqual(json.loads((EVENTS / event).read_text()), sent)

    def check_finds(self, expression, *sentences, zone="Asia/Seoul"):
        self.assertEqual(list(sentences), schedule.faults(expression, zone))

    def test_finds_what_scheduler_would_refuse(self):
        self.check_finds("cron(0 1 1 * *)", "cron(0 1 1 * *) has 5 fields, expected 6")
        self.check_finds("cron(0 25 1 * ? *)", "cron(0 25 1 * ? *): 25 is no hours")
        self.check_finds(
            "cron(0 1 1 * * *)", "cron(0 1 1 * * *): either the day of the month or that of the week is ?"
        )
        self.check_finds("rate(1 hours)", "rate(1 hours): one hour, two hours")
        self.check_finds("every hour", "'every hour' is neither cron(…), rate(…) nor at(…)")
        self.check_finds("rate(1 hour)", "Asia/Soul is no time zone", zone="Asia/Soul")

    def test_knows_the_finer_points_of_cron(self):
        for expression in (
            "cron(0 16 L * ? *)",
            "cron(0/15 8-18 ? * MON-FRI *)",
            "cron(30 9 ? JAN,JUL 2#1 2026-2030)",
        ):
            self.check_finds(expression)
