import unittest

from samtranslator.yaml_helper import yaml_parse

from check import stack

FILE = stack.ROOT / "infra/github.yaml"
GIVEN = {"Repository": "you/nightshift", "Stage": "dev"}
SUBJECT = "token.actions.githubusercontent.com:sub"


class GitHub(unittest.TestCase):
    """Whose tokens the role takes. GitHub changed how they begin in June 2026."""

    def check_takes(self, subject, parameters):
        resources = stack.View(yaml_parse(FILE.read_text()), GIVEN | parameters).section("Resources")
        [statement] = resources["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(subject, statement["Condition"]["StringEquals"][SUBJECT])

    def test_takes_the_tokens_of_an_old_repository_by_its_name(self):
        self.check_takes("repo:you/nightshift:environment:dev", {})

    def test_takes_the_tokens_of_a_new_repository_by_the_numbers_in_them(self):
        for prefix in ("repo:you@123/nightshift@456", "repo:you-123/nightshift-456"):
            pattern = yaml_parse(FILE.read_text())["Parameters"]["SubjectPrefix"]["AllowedPattern"]
            self.assertRegex(prefix, pattern)
            self.assertNotRegex(f"{prefix}:*", pattern)
            self.check_takes(f"{prefix}:environment:dev", {"SubjectPrefix": prefix})
