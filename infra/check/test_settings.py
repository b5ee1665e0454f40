import unittest

from samcli.cli.types import CfnParameterOverridesType, CfnTags

from check import settings, stack
from check.scenario import API_LOOPBACK, APIGW_LOG_RETENTION, DEV, S3_TO_TEAMCITY, SCENARIOS, STATISTICS


class Settings(unittest.TestCase):
    def check_finds(self, parameters, *sentences):
        self.assertEqual(list(sentences), settings.faults(stack.template(), parameters))

    def test_the_stages_in_samconfig_can_be_deployed(self):
        for stage in ("dev", "prod"):
            given = settings.parameters(stage)
            self.assertEqual(stage, given["Stage"])
            self.check_finds(given)

    def test_sam_reads_them_as_they_are_meant(self):
        for stage in ("dev", "prod"):
            options = settings.options(stage)
            given = CfnParameterOverridesType().convert(options["parameter_overrides"], None, None)
            self.assertEqual(settings.parameters(stage), given)
            tags = CfnTags().convert((options["tags"],), None, None)
            self.assertEqual({"application": "nightshift", "stage": stage}, tags)

    def test_the_stacks_have_the_names_that_the_workflow_and_its_role_count_on(self):
        for stage in ("dev", "prod"):
            self.assertEqual(f"nightshift-{stage}", settings.options(stage)["stack_name"])
        workflow = (stack.ROOT / ".github/workflows/stage.yml").read_text()
        self.assertIn("STACK: nightshift-${{ inputs.stage }}\n", workflow)
        self.assertIn("role/nightshift-${Stage}-*", (stack.ROOT / "infra/github.yaml").read_text())

    def test_finds_a_stack_name_that_its_functions_cannot_begin_with(self):
        made = stack.made(stack.template(), DEV | APIGW_LOG_RETENTION | API_LOOPBACK)
        self.assertIsNone(settings.name_fault("n" * 44, made))
        self.assertEqual(
            f"stack_name {'n' * 45} is too long, its function apigw-log-retention would have more than 64 "
            "characters: expected at most 44",
            settings.name_fault("n" * 45, made),
        )
        self.assertIsNone(settings.name_fault("n" * 100, stack.made(stack.template(), DEV)))

    def test_every_scenario_that_is_looked_at_could_be_deployed(self):
        for name, parameters in SCENARIOS.items():
            with self.subTest(name):
                self.check_finds(parameters)

    def test_finds_a_misspelt_parameter(self):
        text = settings.FILE.read_text().replace('Stage = "dev"', 'Stage = "dev"\nEnableStatprep = "true"')
        self.check_finds(settings.parameters("dev", text), "the template has no parameter EnableStatprep")

    def test_finds_values_that_cloudformation_would_refuse(self):
        self.check_finds({"Stage": "test"}, "Stage=test: expected one of dev, prod")
        self.check_finds({}, "Stage is missing")
        self.check_finds(
            DEV | {"VpcId": "my-vpc", "AnalysisConcurrency": "many"},
            "VpcId=my-vpc: expected vpc-…, or nothing",
            "AnalysisConcurrency=many: expected a whole number",
        )
        self.check_finds(DEV | {"LogTailLines": "1000"}, "LogTailLines=1000: expected at most 200")

    def test_finds_what_a_function_would_refuse_when_it_starts(self):
        routes = {"BuildRoutes": '[{"build_type": "A",}]', "TeamcityBuildType": ""}
        [fault] = settings.faults(stack.template(), DEV | S3_TO_TEAMCITY | routes)
        self.assertIn("BuildRoutes is no JSON", fault)
        [fault] = settings.faults(stack.template(), DEV | {"UploadEventTypes": "Object Created,Object Delted"})
        self.assertIn("expected one of Object Created, Object Deleted", fault)
        [fault] = settings.faults(stack.template(), DEV | {"NotifyStatuses": "FAILED,FAILD"})
        self.assertIn("expected some of IN_PROGRESS", fault)

    def test_finds_a_password_where_everybody_could_read_it(self):
        self.check_finds(
            DEV | STATISTICS | {"DatabaseUrl": "postgres://u:hunter2@db.example.com/stats"},
            "DatabaseUrl=postgres://u:hunter2@db.example.com/stats: "
            "expected postgres://host:5432/database?sslmode=verify-full, without a password",
        )

    def test_finds_a_schedule_and_a_zone_that_there_are_not(self):
        self.check_finds(
            DEV | {"MonthlySchedule": "cron(0 1 1 * *)", "TimeZone": "Asia/Soul"},
            "MonthlySchedule: Asia/Soul is no time zone",
            "MonthlySchedule: cron(0 1 1 * *) has 5 fields, expected 6",
            "ResumeSchedule: Asia/Soul is no time zone",
            "SweepSchedule: Asia/Soul is no time zone",
        )

    def test_finds_what_an_enabled_function_lacks(self):
        without = {name: value for name, value in S3_TO_TEAMCITY.items() if name != "TeamcityUrl"}
        self.check_finds(DEV | without, "EnableS3ToTeamcity=true needs TeamcityUrl")

    def test_a_stage_that_there_is_not_is_told_with_those_that_there_are(self):
        with self.assertRaisesRegex(KeyError, "no stage test. Expected one of dev, prod"):
            settings.parameters("test")
