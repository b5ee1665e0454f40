import unittest

from check import manifest, stack
from check.scenario import ALL, PROD


class Manifest(unittest.TestCase):
    def setUp(self):
        self.made = stack.made(stack.template(), PROD | ALL)

    def test_cargo_lambda_deploy_makes_the_same_function(self):
        self.assertEqual([], manifest.faults(self.made))

    def test_finds_another_timeout(self):
        self.made["Resources"]["StatPrepFunction"]["Properties"]["Timeout"] = 30
        self.assertIn("stat-prep's manifest says timeout = 300, the template 30", manifest.faults(self.made))
