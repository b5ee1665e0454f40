import unittest

from check import lint, stack
from check.scenario import API_LOOPBACK, DEV, SCENARIOS

# What the others make is a part of these.
LINTED = [
    "all functions in dev",
    "all in prod on x86-64, owning the account's role",
    "uploads by notification, reports into a given bucket, whole database address",
    "in a VPC with a group of its own",
    "every option",
]


class Lint(unittest.TestCase):
    def setUp(self):
        self.written = stack.template()

    def test_what_every_scenario_makes_is_valid(self):
        for name in LINTED:
            with self.subTest(name):
                self.assertEqual([], lint.faults(stack.made(self.written, SCENARIOS[name])))

    def check_finds(self, word, change):
        change(self.written)
        faults = lint.faults(stack.made(self.written, DEV | API_LOOPBACK))
        self.assertTrue([fault for fault in faults if word in fault], faults)

    def test_finds_an_architecture_that_there_is_not(self):
        self.check_finds("arm46", lambda t: t["Globals"]["Function"].update(Architectures=["arm46"]))

    def test_finds_a_runtime_that_there_is_not(self):
        self.check_finds(
            "provided.al2032", lambda t: t["Globals"]["Function"].update(Runtime="provided.al2032")
        )

    def test_finds_a_misspelt_property(self):
        self.check_finds(
            "Treshold", lambda t: t["Resources"]["ApiLoopbackErrors"]["Properties"].update(Treshold=1)
        )
