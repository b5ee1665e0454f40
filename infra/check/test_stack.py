import unittest

from check import stack
from check.scenario import FULL, LEAST, SCENARIOS

#: CloudFormation's limit for a template in a request. (AWS CloudFormation quotas.)
BYTES = 51200
#: The most parameters of each application, without those that make deploy sets.
PARAMETERS = {
    "alarms": 2,
    "api-loopback": 15,
    "apigw-log-retention": 17,
    "codebuild-slack": 15,
    "month": 30,
    "s3-to-teamcity": 20,
}


class Templates(unittest.TestCase):
    def test_every_application_has_scenarios(self):
        self.assertEqual(sorted(stack.APPLICATIONS), sorted(LEAST))
        self.assertEqual(sorted(stack.APPLICATIONS), sorted(FULL))

    def test_every_template_is_small(self):
        for app in stack.APPLICATIONS:
            with self.subTest(app):
                written = stack.template(app)
                parameters = [name for name in written["Parameters"] if not name.endswith("Revision")]
                self.assertLessEqual(len(parameters), PARAMETERS[app])
                self.assertLess((stack.INFRA / app / "template.yaml").stat().st_size, BYTES)

    def test_required_parameters_have_no_default(self):
        required = {
            app: {name for name, p in stack.template(app)["Parameters"].items() if "Default" not in p}
            for app in stack.APPLICATIONS
        }
        self.assertEqual(
            {
                "alarms": set(),
                "api-loopback": {"Stage"},
                "apigw-log-retention": {"Stage"},
                "codebuild-slack": {"Stage"},
                "month": {"Stage"},
                "s3-to-teamcity": {"Stage", "TeamcityUrl", "TeamcityTokenSecret", "UploadBucket"},
            },
            required,
        )

    def test_the_least_parameters_create_few_resources(self):
        counts = {app: len(stack.made(stack.template(app), LEAST[app])["Resources"]) for app in stack.APPLICATIONS}
        self.assertLessEqual(counts["alarms"], 3)
        self.assertLessEqual(counts["api-loopback"], 12)
        self.assertLessEqual(counts["codebuild-slack"], 18)
        self.assertLessEqual(counts["apigw-log-retention"], 22)
        self.assertLessEqual(counts["s3-to-teamcity"], 22)
        self.assertLessEqual(counts["month"], 30)


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
            {"CreateVpcEndpoints": "true"},
            "CreateVpcEndpoints=true needs VpcId, SubnetIds and RouteTableIds",
        )
        self.check_refuses("api-loopback", {"HostedZoneId": "Z1"}, "HostedZoneId needs DomainName", "DomainName needs CertificateArn")
