import unittest

from check import lint, stack
from check.scenario import EVERY_OPTION, SCENARIOS

# What the others make is a part of these.
LINTED = [name for name in SCENARIOS if name.startswith(("all", "every", "in a VPC with", "uploads by"))]


class Lint(unittest.TestCase):
    def setUp(self):
        self.written = stack.template()

    def test_what_every_scenario_makes_is_valid(self):
        for name in LINTED:
            with self.subTest(name):
                self.assertEqual([], lint.faults(stack.made(self.written, SCENARIOS[name])))

    def check_finds(self, word, change):
        change(self.written)
        faults = lint.faults(stack.made(self.written, EVERY_OPTION))
        self.assertTrue([fault for fault in faults if word in fault], faults)

    def test_finds_an_architecture_that_there_is_not(self):
        self.check_finds("arm46", lambda t: t["Globals"]["Function"].update(Architectures=["arm46"]))

    def test_finds_a_runtime_that_there_is_not(self):
        self.check_finds(
            "provided.al2032", lambda t: t["Globals"]["Function"].update(Runtime="provided.al2032")
        )

    def test_finds_a_misspelt_property(self):
        self.check_finds(
            "Treshold", lambda t: t["Resources"]["UndeliveredAlarm"]["Properties"].update(Treshold=1)
        )
