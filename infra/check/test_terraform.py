import re
import unittest

import hcl2

from check import rust, stack
from check.scenario import LEAST

FILE = stack.INFRA / "terraform/main.tf"


def unquoted(value):
    """Returns parsed HCL without the quotation marks that the parser keeps around strings and labels."""
    match value:
        case dict():
            return {unquoted(key): unquoted(inner) for key, inner in value.items()}
        case list():
            return [unquoted(inner) for inner in value]
        case str():
            return value.strip('"')
    return value


class Terraform(unittest.TestCase):
    def setUp(self):
        parsed = unquoted(hcl2.loads(FILE.read_text()))
        self.resources = {kind: body for block in parsed["resource"] for kind, body in block.items()}
        self.text = FILE.read_text()
        self.made = stack.made(stack.template("codebuild-slack"), LEAST["codebuild-slack"])

    def test_the_example_has_everything_that_a_function_needs(self):
        for kind in (
            "aws_iam_role",
            "aws_iam_role_policy",
            "aws_lambda_function",
            "aws_cloudwatch_event_rule",
            "aws_cloudwatch_event_target",
            "aws_lambda_permission",
            "aws_cloudwatch_log_group",
        ):
            self.assertIn(kind, self.resources)

    def test_the_function_is_deployed_as_by_the_stack(self):
        function = self.resources["aws_lambda_function"]["function"]
        properties = stack.template("codebuild-slack")["Resources"]["Function"]["Properties"]
        self.assertEqual(properties["Timeout"], function["timeout"])
        self.assertEqual(properties["MemorySize"], function["memory_size"])

    def test_its_variables_are_those_of_the_function(self):
        function = self.resources["aws_lambda_function"]["function"]
        [environment] = function["environment"] if isinstance(function["environment"], list) else [function["environment"]]
        known, _ = rust.variables("codebuild-slack")
        self.assertLessEqual(set(environment["variables"]), known)

    def block(self, kind):
        """Returns the text of the resource of a kind."""
        return self.text.split(f'resource "{kind}"')[1].split("\n}\n")[0]

    def test_its_role_allows_what_that_of_the_stack_does(self):
        role = self.made["Resources"]["FunctionRole"]["Properties"]
        statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
        actions = {a for s in statements for a in (s["Action"] if isinstance(s["Action"], list) else [s["Action"]])}
        # SAM attaches a managed policy for these.
        expected = actions | {"logs:CreateLogStream", "logs:PutLogEvents"}
        self.assertEqual(expected, set(re.findall(r'"([a-z]+:[A-Za-z]+)"', self.block("aws_iam_role_policy"))))

    def test_its_rule_matches_what_that_of_the_stack_does(self):
        [rule] = stack.of_type(self.made, "AWS::Events::Rule").values()
        [status] = re.findall(r"build-status = \[([^]]*)\]", self.block("aws_cloudwatch_event_rule"))
        self.assertEqual(rule["EventPattern"]["detail"]["build-status"], re.findall(r'"(\w+)"', status))
