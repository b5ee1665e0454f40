import json
import unittest

from check import stack
from check.scenario import ALL, API_LOOPBACK, DEV, PROD, S3_TO_TEAMCITY, SCENARIOS, STATISTICS, VPC


class Scenarios(unittest.TestCase):
    def setUp(self):
        self.written = stack.template()

    def test_no_scenario_refers_to_what_it_does_not_make(self):
        for name, parameters in SCENARIOS.items():
            with self.subTest(name):
                self.assertEqual([], stack.dangling(stack.made(self.written, parameters)))

    def test_no_scenario_breaks_a_rule(self):
        for name, parameters in SCENARIOS.items():
            with self.subTest(name):
                self.assertEqual([], stack.broken_rules(self.written, parameters))

    def test_a_misspelt_parameter_is_refused(self):
        with self.assertRaisesRegex(KeyError, "no parameter TeamCityUrl"):
            stack.made(self.written, DEV | {"TeamCityUrl": "https://teamcity.example.com"})

    def test_only_what_is_enabled_is_made(self):
        made = stack.made(self.written, DEV)
        self.assertEqual({"AlarmTopic", "AlarmTopicPolicy", "Dashboard"}, set(made["Resources"]))
        for function, parameters in {"S3ToTeamcity": S3_TO_TEAMCITY, "StatPrep": STATISTICS}.items():
            made = stack.made(self.written, DEV | parameters)
            names = set(stack.of_type(made, "AWS::Lambda::Function"))
            self.assertIn(f"{function}Function", names)
            self.assertNotIn("CodebuildSlackFunction", names)
            self.assertEqual({}, stack.of_type(made, "AWS::EC2::SecurityGroup"))

    def test_triggers_are_off_in_dev_and_on_in_prod_unless_told_otherwise(self):
        def states(parameters):
            made = stack.made(self.written, ALL | parameters)
            rules = stack.of_type(made, "AWS::Events::Rule") | stack.of_type(made, "AWS::Scheduler::Schedule")
            mappings = stack.of_type(made, "AWS::Lambda::EventSourceMapping")
            return {rule["State"] for rule in rules.values()} | {m["Enabled"] for m in mappings.values()}

        self.assertEqual({"DISABLED", False}, states(DEV))
        self.assertEqual({"ENABLED", True}, states(PROD))
        self.assertEqual({"ENABLED", True}, states(DEV | {"TriggersEnabled": "true"}))
        self.assertEqual({"DISABLED", False}, states(PROD | {"TriggersEnabled": "false"}))


    def test_the_accounts_role_waits_for_an_api(self):
        made = stack.made(self.written, DEV | API_LOOPBACK | {"ApiGatewayAccountRole": "true"})["Resources"]
        self.assertIn("ApiGatewayLogsRole", json.dumps(made["ApiGatewayAccount"]))
        self.assertIn("${LoopbackApi}", json.dumps(made["ApiGatewayLogsRole"]))


class Rules(unittest.TestCase):
    """What is missing is told in a sentence before anything is made."""

    def check_refuses(self, parameters, *sentences):
        self.assertEqual(list(sentences), stack.broken_rules(stack.template(), DEV | parameters))

    def test_only_an_enabled_function_asks_for_its_parameters(self):
        self.check_refuses({})
        self.check_refuses(
            {"EnableS3ToTeamcity": "true"},
            "EnableS3ToTeamcity=true needs TeamcityUrl",
            "EnableS3ToTeamcity=true needs TeamcityTokenSecretArn",
            "EnableS3ToTeamcity=true needs UploadBucket",
            "EnableS3ToTeamcity=true needs TeamcityBuildType or BuildRoutes, and not both",
        )
        self.check_refuses(
            {"EnableCodebuildSlack": "true"},
            "EnableCodebuildSlack=true needs SlackWebhookUrlSecretArn or SlackBotTokenSecretArn, and not both",
        )
        self.check_refuses(
            {"EnableStatPrep": "true"},
            "EnableStatPrep and EnableStatAnalysis need each other, set both to true",
            "EnableStatPrep=true needs DatabaseUrl or DatabaseUrlSecretArn, and not both",
        )

    def test_what_belongs_together_is_asked_for_together(self):
        self.check_refuses({"VpcId": VPC["VpcId"]}, "VpcId needs SubnetIds")
        self.check_refuses({"SubnetIds": VPC["SubnetIds"]}, "SubnetIds needs VpcId")
        self.check_refuses(
            S3_TO_TEAMCITY | {"TeamcityInVpc": "true"}, "TeamcityInVpc=true needs VpcId and SubnetIds"
        )
        self.check_refuses(
            VPC | STATISTICS | {"CreateVpcEndpoints": "true"},
            "CreateVpcEndpoints=true with EnableStatPrep=true needs RouteTableIds, for the endpoint of S3",
        )
        # Nothing but the statistics reads S3.
        self.check_refuses(VPC | S3_TO_TEAMCITY | {"TeamcityInVpc": "true", "CreateVpcEndpoints": "true"})
        self.check_refuses(
            {"LoopbackDomain": "echo.example.com"}, "LoopbackDomain needs LoopbackCertificateArn"
        )
        self.check_refuses(
            {"DatabaseCaFile": "/opt/ca.pem"},
            "DatabaseCaFile and TeamcityCaFile need CertificatesLayerArn, the layer with the file",
        )

    def test_what_excludes_each_other_is_refused_together(self):
        self.check_refuses(
            S3_TO_TEAMCITY | {"BuildRoutes": '[{"build_type":"A"}]'},
            "EnableS3ToTeamcity=true needs TeamcityBuildType or BuildRoutes, and not both",
        )
