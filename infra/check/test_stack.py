import json
import unittest

from check import stack
from check.scenario import FULL, LEAST, SCENARIOS

#: CloudFormation's limit for a template in a request. (AWS CloudFormation quotas.)
BYTES = 51200
#: The most parameters of each template, without those that make deploy sets.
PARAMETERS = {
    "alarms": 2,
    "api-loopback": 15,
    "apigw-log-retention": 15,
    "codebuild-slack": 15,
    "github": 6,
    "month": 30,
    "s3-to-teamcity": 20,
}
#: Resources with the least and with all parameters, after SAM's translation, and alarms (of both, if they differ).
RESOURCES = {
    "alarms": (3, 4, 0),
    "api-loopback": (11, 16, 2),
    "apigw-log-retention": (21, 23, 6),
    "codebuild-slack": (16, 20, 3, 4),
    "github": (2, 1, 0),
    "month": (26, 31, 4),
    "s3-to-teamcity": (19, 19, 5),
}


class Templates(unittest.TestCase):
    def test_every_template_has_scenarios(self):
        self.assertEqual(sorted([*stack.APPLICATIONS, "github"]), stack.TEMPLATES)
        self.assertEqual(stack.TEMPLATES, sorted(LEAST))
        self.assertEqual(stack.TEMPLATES, sorted(FULL))

    def test_every_template_is_small(self):
        for app in stack.TEMPLATES:
            with self.subTest(app):
                written = stack.template(app)
                parameters = [name for name in written["Parameters"] if not name.endswith("Revision")]
                self.assertLessEqual(len(parameters), PARAMETERS[app])
                self.assertLess((stack.INFRA / app / "template.yaml").stat().st_size, BYTES)
                for given in (LEAST[app], FULL[app]):
                    self.assertLess(len(json.dumps(stack.translated(written, given))), BYTES)

    def test_the_parameters_create_these_resources(self):
        for app in stack.TEMPLATES:
            with self.subTest(app):
                least, full = (stack.made(stack.template(app), given) for given in (LEAST[app], FULL[app]))
                alarms = {len(stack.of_type(one, "AWS::CloudWatch::Alarm")) for one in (least, full)}
                self.assertEqual(RESOURCES[app], (len(least["Resources"]), len(full["Resources"]), *alarms))

    def test_no_template_has_a_switch_for_the_whole_application(self):
        for app in stack.TEMPLATES:
            self.assertEqual([], [name for name in stack.template(app)["Parameters"] if name.startswith("Enable")])

    def test_every_function_has_a_reserved_concurrency_only_if_it_is_given(self):
        for app in stack.FUNCTIONAL:
            for given, expected in ((LEAST[app], False), (FULL[app], True)):
                for crate, properties in stack.functions(stack.made(stack.template(app), given)).items():
                    self.assertEqual(expected, "ReservedConcurrentExecutions" in properties, crate)

    def test_required_parameters_have_no_default(self):
        required = {
            app: {name for name, p in stack.template(app)["Parameters"].items() if "Default" not in p}
            for app in stack.TEMPLATES
        }
        self.assertEqual(
            {
                "alarms": set(),
                "api-loopback": {"Stage"},
                "apigw-log-retention": {"Stage"},
                "codebuild-slack": {"Stage"},
                "github": {"Stage", "Owner", "OwnerId", "Repository", "RepositoryId"},
                "month": {"Stage"},
                "s3-to-teamcity": {"Stage", "TeamcityUrl", "TeamcityTokenSecret", "UploadBucket"},
            },
            required,
        )


class Scenarios(unittest.TestCase):
    def test_no_scenario_refers_to_a_resource_that_it_does_not_create(self):
        for app, name, parameters in SCENARIOS:
            with self.subTest(f"{app}, {name}"):
                self.assertEqual([], stack.dangling(stack.made(stack.template(app), parameters)))

    def test_no_scenario_breaks_a_rule(self):
        for app, name, parameters in SCENARIOS:
            with self.subTest(f"{app}, {name}"):
                self.assertEqual([], stack.broken_rules(stack.template(app), parameters))

    def test_a_misspelt_parameter_is_refused(self):
        with self.assertRaisesRegex(KeyError, "no parameter TeamCityUrl"):
            stack.made(stack.template("s3-to-teamcity"), {"TeamCityUrl": "https://teamcity.example.com"})

    def test_triggers_are_enabled_unless_the_parameter_is_false(self):
        def states(app, more):
            made = stack.made(stack.template(app), LEAST[app] | more)
            rules = stack.of_type(made, "AWS::Events::Rule") | stack.of_type(made, "AWS::Scheduler::Schedule")
            mappings = stack.of_type(made, "AWS::Lambda::EventSourceMapping")
            return {rule["State"] for rule in rules.values()} | {m["Enabled"] for m in mappings.values()}

        for app in ("apigw-log-retention", "codebuild-slack", "month", "s3-to-teamcity"):
            self.assertLessEqual(states(app, {}), {"ENABLED", True}, app)
            self.assertLessEqual(states(app, {"TriggersEnabled": "false"}), {"DISABLED", False}, app)
            self.assertTrue(states(app, {}), app)

    def test_a_secret_is_given_by_name_or_by_arn(self):
        def resource(secret):
            given = LEAST["codebuild-slack"] | {"WebhookUrlSecret": secret}
            made = stack.made(stack.template("codebuild-slack"), given)
            statements = made["Resources"]["FunctionRole"]["Properties"]["Policies"][1]["PolicyDocument"]["Statement"]
            return stack.text(statements[0]["Resource"])

        by_name = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:slack-??????"
        self.assertEqual(by_name, resource("slack#url"))
        arn = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:slack-AbCdEf"
        self.assertEqual(arn, resource(f"{arn}#url"))


class Rules(unittest.TestCase):
    """CloudFormation reports missing and contradictory parameters before it creates anything."""

    def check_refuses(self, app, more, *sentences):
        self.assertEqual(list(sentences), stack.broken_rules(stack.template(app), LEAST[app] | more))

    def test_exactly_one_of_two_ways_is_given(self):
        both = "set WebhookUrlSecret or BotTokenSecret, and not both"
        self.check_refuses("codebuild-slack", {"WebhookUrlSecret": ""}, both)
        self.check_refuses("codebuild-slack", {"BotTokenSecret": "b", "Channel": "c"}, both)
        build = "set BuildType or Routes, and not both"
        self.check_refuses("s3-to-teamcity", {"BuildType": ""}, build)
        self.check_refuses("s3-to-teamcity", {"Routes": '[{"build_type":"A"}]'}, build)
        self.check_refuses("month", {"DatabaseUrlSecret": ""}, "set DatabaseUrl or DatabaseUrlSecret, and not both")

    def test_parameters_that_need_each_other_are_given_together(self):
        self.check_refuses(
            "codebuild-slack",
            {"WebhookUrlSecret": "", "BotTokenSecret": "b"},
            "BotTokenSecret needs Channel, or Routes with a channel in each",
        )
        self.check_refuses(
            "codebuild-slack", {"Channel": "c"}, "Channel needs BotTokenSecret; a webhook posts to its own channel"
        )
        self.check_refuses(
            "s3-to-teamcity", {"SubnetIds": "subnet-01"}, "SubnetIds and SecurityGroupIds need each other"
        )
        self.check_refuses(
            "month", {"DatabaseCaFile": "/opt/ca.pem"}, "DatabaseCaFile needs CertificatesLayerArn, the layer with the file"
        )
        self.check_refuses(
            "month",
            {"EndpointRouteTableIds": "rtb-0123456789abcdef0", "VpcId": "vpc-0123456789abcdef0"},
            "EndpointRouteTableIds needs VpcId and SubnetIds",
        )
        self.check_refuses("api-loopback", {"HostedZoneId": "Z1"}, "HostedZoneId needs DomainName", "DomainName needs CertificateArn")
