import unittest

from check import manifest, stack
from check.scenario import LEAST


class Manifest(unittest.TestCase):
    def test_cargo_lambda_deploy_creates_the_same_functions(self):
        for app in stack.FUNCTIONAL:
            self.assertEqual([], manifest.faults(stack.made(stack.template(app), LEAST[app])), app)

    def test_finds_another_timeout(self):
        made = stack.made(stack.template("month"), LEAST["month"])
        made["Resources"]["StatPrep"]["Properties"]["Timeout"] = 30
        self.assertIn("stat-prep: the manifest has timeout = 300, the template 30", manifest.faults(made))
