import re
import unittest

from samtranslator.yaml_helper import yaml_parse

from check import stack, workflow

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

    def test_the_credentials_and_the_job_outlast_the_slowest_deployment(self):
        minutes = []
        for kind in stack.template()["Parameters"]["DeploymentType"]["AllowedValues"]:
            if shift := re.fullmatch(r"(Canary|Linear)10Percent(?:Every)?(\d+)Minutes?", kind):
                # A tenth at once, and nine more one after the other.
                minutes.append(int(shift[2]) * (9 if shift[1] == "Linear" else 1))
        self.assertEqual(4, len(minutes))
        # What is not the shift takes a while as well.
        needed = max(minutes) + 20
        role = yaml_parse(FILE.read_text())["Resources"]["Role"]["Properties"]
        self.assertGreaterEqual(role["MaxSessionDuration"] / 60, needed)
        job = (workflow.WORKFLOWS / "stage.yml").read_text()
        self.assertGreaterEqual(int(re.search(r"timeout-minutes: (\d+)", job)[1]), needed)
