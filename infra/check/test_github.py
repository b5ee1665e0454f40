import unittest

from samtranslator.yaml_helper import yaml_parse

from check import stack

FILE = stack.INFRA / "github/template.yaml"
SUBJECT = "token.actions.githubusercontent.com:sub"
OLD = {"Owner": "you", "Repository": "nightshift", "OwnerId": "", "RepositoryId": "", "Stage": "dev"}


class GitHub(unittest.TestCase):
    """The subjects whose tokens the role accepts. GitHub changed them on 15 July 2026. (GitHub Docs, OIDC.)"""

    def check_accepts(self, subject, parameters):
        resources = stack.View(yaml_parse(FILE.read_text()), OLD | parameters).section("Resources")
        [statement] = resources["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual({"Fn::Sub": subject} if "$" in subject else subject, statement["Condition"]["StringEquals"][SUBJECT])

    def test_accepts_a_repository_by_its_ids(self):
        self.check_accepts("repo:you@123/nightshift@456:environment:dev", {"OwnerId": "123", "RepositoryId": "456"})

    def test_accepts_an_older_repository_by_its_name(self):
        self.check_accepts("repo:you/nightshift:environment:dev", {})

    def test_ids_are_parameters_without_a_default(self):
        parameters = yaml_parse(FILE.read_text())["Parameters"]
        self.assertNotIn("Default", parameters["OwnerId"])
        self.assertNotIn("Default", parameters["RepositoryId"])

    def test_one_id_without_the_other_is_refused(self):
        broken = stack.broken_rules(yaml_parse(FILE.read_text()), OLD | {"OwnerId": "123"})
        self.assertEqual(["OwnerId and RepositoryId need each other"], broken)
