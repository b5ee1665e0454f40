import unittest

from samcli.cli.types import CfnParameterOverridesType

from check import settings, stack
from check.scenario import LEAST, SCENARIOS


def stages(app):
    """Returns the stages in an application's samconfig.toml."""
    config = settings.tomlkit.parse((stack.INFRA / app / "samconfig.toml").read_text()).unwrap()
    return [name for name, table in config.items() if isinstance(table, dict)]


class Settings(unittest.TestCase):
    def check_finds(self, app, more, *sentences):
        self.assertEqual(list(sentences), settings.faults(stack.template(app), LEAST[app] | more))

    def test_every_stage_in_samconfig_can_be_deployed(self):
        for app in stack.APPLICATIONS:
            for stage in stages(app):
                with self.subTest(f"{app}, {stage}"):
                    given = settings.parameters(app, stage)
                    self.assertEqual([], settings.faults(stack.template(app), given))
                    self.assertEqual(stage, given.get("Stage", stage))
                    self.assertEqual(f"nightshift-{app}-{stage}", settings.options(app, stage)["stack_name"])
                    self.assertEqual("DELETE", settings.options(app, stage)["on_failure"])

    def test_the_echo_api_is_not_in_production(self):
        self.assertEqual(["dev"], stages("api-loopback"))

    def test_sam_reads_the_parameters_as_they_are_written(self):
        for app in stack.APPLICATIONS:
            for stage in stages(app):
                overrides = settings.options(app, stage).get("parameter_overrides", {})
                if overrides:
                    given = CfnParameterOverridesType().convert(overrides, None, None)
                    self.assertEqual(settings.parameters(app, stage), given)

    def test_any_stage_name_can_be_deployed(self):
        config = (stack.INFRA / "codebuild-slack/samconfig.toml").read_text().replace("dev", "staging")
        given = settings.parameters("codebuild-slack", "staging", config)
        self.assertEqual([], settings.faults(stack.template("codebuild-slack"), given))

    def test_finds_a_stack_name_with_which_function_names_would_be_too_long(self):
        made = stack.made(stack.template("month"), LEAST["month"])
        self.assertIsNone(settings.name_fault("n" * 50, made))
        self.assertIn("expected at most 50", settings.name_fault("n" * 51, made))
        self.assertIsNone(settings.name_fault("n" * 64, stack.made(stack.template("api-loopback"), LEAST["api-loopback"])))

    def test_every_scenario_could_be_deployed(self):
        for app, name, parameters in SCENARIOS:
            with self.subTest(f"{app}, {name}"):
                self.assertEqual([], settings.faults(stack.template(app), parameters))

    def test_finds_a_misspelt_parameter_and_suggests_one(self):
        self.check_finds(
            "codebuild-slack", {"LogTialLines": "9"}, "LogTialLines: the template has no such parameter; did you mean LogTailLines?"
        )

    def test_finds_an_example_that_was_not_replaced(self):
        given = settings.parameters("s3-to-teamcity", "prod")
        self.assertEqual(
            [
                "TeamcityUrl=https://teamcity.example.com is an example, expected your own",
                "UploadBucket=example-inbox is an example, expected your own",
            ],
            settings.example_faults(given),
        )
        self.assertEqual([], settings.example_faults({"Url": "https://ci.examples.kr", "Bucket": "counterexample"}))

    def test_finds_a_missing_parameter(self):
        [fault] = settings.faults(stack.template("api-loopback"), {})
        self.assertIn("Stage is missing", fault)

    def test_finds_values_that_cloudformation_would_reject(self):
        self.check_finds(
            "codebuild-slack", {"Stage": "Prod!"}, "Stage=Prod!: expected a name such as dev, staging or prod"
        )
        self.check_finds("codebuild-slack", {"LogTailLines": "1000"}, "LogTailLines=1000: expected at most 200")
        self.check_finds("codebuild-slack", {"ReservedConcurrency": "many"}, "ReservedConcurrency=many: expected a whole number")
        self.check_finds("codebuild-slack", {"Routes": "{}"}, "Routes={}: expected a JSON array")

    def test_finds_a_password_that_everybody_could_read(self):
        url = "postgres://u:hunter2@db.example.com/stats"
        [fault] = settings.faults(stack.template("month"), LEAST["month"] | {"DatabaseUrl": url})
        self.assertIn("without a password", fault)
        self.assertNotIn("hunter2", fault)
        self.assertNotIn("hunter2", str(settings.example_faults({"DatabaseUrl": url})))

    def test_finds_a_secret_in_place_of_its_name(self):
        reason = "expected the name or ARN of a secret in Secrets Manager, not the secret itself"
        for app, name, secret in (
            ("codebuild-slack", "WebhookUrlSecret", "https://hooks.slack.com/services/T0/B0/x"),
            ("codebuild-slack", "BotTokenSecret", "xoxb-1-2-x"),
            ("s3-to-teamcity", "TeamcityTokenSecret", "eyJ0eXAiOiAiVENWMiJ9.x"),
            ("month", "DatabaseUrlSecret", "postgres://u:hunter2@db/stats"),
            ("month", "DatabaseCredentialsSecret", "arn:aws:ssm:ap-northeast-2:123456789012:parameter/x"),
        ):
            with self.subTest(name):
                self.assertIn(f"{name}: {reason}", settings.faults(stack.template(app), LEAST[app] | {name: secret}))
        for secret in ("slack/web+hook=1@a.b_c-d#key of it", "rds!db-12ab", "arn:aws-cn:secretsmanager:cn-north-1:1:secret:x-AbCdEf#k"):
            with self.subTest(secret):
                self.check_finds("codebuild-slack", {"WebhookUrlSecret": secret})

    def test_finds_faulty_schedules_and_time_zones(self):
        self.check_finds(
            "month",
            {"MonthlySchedule": "cron(0 1 1 * *)", "TimeZone": "Asia/Soul"},
            "MonthlySchedule: Asia/Soul is not a time zone",
            "MonthlySchedule: cron(0 1 1 * *) has 5 fields, expected 6",
        )

    def test_an_unknown_stage_or_application_names_the_known_ones(self):
        with self.assertRaisesRegex(KeyError, "no stage test, expected one of dev, prod"):
            settings.parameters("month", "test")
        with self.assertRaisesRegex(KeyError, "unknown application slack, expected one of alarms, api-loopback"):
            settings.parameters("slack", "dev")
