import unittest

import hcl2

from check import rust, stack

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
