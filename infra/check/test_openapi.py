import unittest

from check import openapi, stack

FILE = stack.INFRA / "api-loopback/openapi.yaml"


class OpenApi(unittest.TestCase):
    def setUp(self):
        self.text = FILE.read_text()
        self.template = stack.template("api-loopback")

    def check_finds(self, old, new, *sentences):
        self.assertIn(old, self.text)
        found = openapi.faults(self.text.replace(old, new), self.template)
        for sentence in sentences:
            self.assertTrue(any(sentence in fault for fault in found), f"{sentence!r} is not in {found}")

    def test_the_file_has_no_faults(self):
        self.assertEqual([], openapi.faults(self.text, self.template))

    def test_the_template_includes_it_so_that_its_intrinsic_functions_are_resolved(self):
        body = self.template["Resources"]["Api"]["Properties"]["DefinitionBody"]
        self.assertEqual(
            {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": FILE.name}}}, body
        )

    def test_finds_a_misspelt_key_of_an_integration(self):
        self.check_finds(
            "passthroughBehavior: never", "passthroughBehaviour: never", "unknown key passthroughBehaviour"
        )

    def test_finds_a_misspelt_extension(self):
        self.check_finds(
            "x-amazon-apigateway-binary-media-types",
            "x-amazon-apigateway-binary-mediatypes",
            "unknown extension",
        )

    def test_finds_an_unknown_function(self):
        self.check_finds(
            "${Function.Arn}",
            "${Functoin.Arn}",
            "Functoin.Arn is not in the template",
        )

    def test_finds_a_short_form_that_include_does_not_support(self):
        self.check_finds(
            'Fn::Sub: "${AWS::StackName}-api-loopback"', '!Sub "${AWS::StackName}"', "long form only"
        )

    def test_finds_a_yaml_alias(self):
        self.check_finds("openapi: 3.0.1", "x: &a 1\ny: *a\nopenapi: 3.0.1", "no YAML aliases")

    def test_finds_a_header_that_the_method_does_not_declare(self):
        self.check_finds(
            "method.response.header.Access-Control-Max-Age",
            "method.response.header.Access-Control-MaxAge",
            "method.response.header.Access-Control-MaxAge is not declared for 204",
        )

    def test_finds_a_status_that_the_method_does_not_declare(self):
        self.check_finds('statusCode: "204"', 'statusCode: "205"', "the status '205'")

    def test_finds_a_reference_without_a_target(self):
        self.check_finds("#/components/schemas/Echo", "#/components/schemas/Ecco", "Ecco has no target")

    def test_finds_an_unknown_validator(self):
        self.check_finds(
            "x-amazon-apigateway-request-validator: everything",
            "x-amazon-apigateway-request-validator: anything",
            "unknown request validator anything",
        )

    def test_finds_a_path_parameter_that_is_not_declared(self):
        self.check_finds("- name: proxy\n", "- name: proxi\n", "the path parameter proxy is not declared")
