import unittest

from check import lint, stack
from check.scenario import FULL, LEAST


class Lint(unittest.TestCase):
    def test_the_resources_of_every_application_are_valid(self):
        for app in stack.APPLICATIONS:
            for name, parameters in (("least", LEAST[app]), ("full", FULL[app])):
                with self.subTest(f"{app}, {name}"):
                    self.assertEqual([], lint.faults(stack.made(stack.template(app), parameters)))

    def check_finds(self, word, change):
        written = stack.template("api-loopback")
        change(written)
        faults = lint.faults(stack.made(written, LEAST["api-loopback"]))
        self.assertTrue([fault for fault in faults if word in fault], faults)

    def test_finds_an_unknown_architecture(self):
        self.check_finds("arm46", lambda t: t["Globals"]["Function"].update(Architectures=["arm46"]))

    def test_finds_an_unknown_runtime(self):
        self.check_finds("provided.al2032", lambda t: t["Globals"]["Function"].update(Runtime="provided.al2032"))

    def test_finds_a_misspelt_property(self):
        self.check_finds("Treshold", lambda t: t["Resources"]["Errors"]["Properties"].update(Treshold=1))
