import unittest

from check import stack, variable
from check.scenario import EVERY_OPTION, SCENARIOS


class Variable(unittest.TestCase):
    def setUp(self):
        self.written = stack.template()

    def variables(self, function):
        return self.written["Resources"][function]["Properties"]["Environment"]["Variables"]

    def check_finds(self, *sentences):
        self.assertEqual(list(sentences), variable.faults(stack.made(self.written, EVERY_OPTION), True))

    def test_every_function_gets_what_it_needs_and_nothing_else(self):
        for name, parameters in SCENARIOS.items():
            with self.subTest(name):
                self.assertEqual([], variable.faults(stack.made(self.written, parameters)))

    def test_every_variable_can_be_set(self):
        self.check_finds()

    def test_finds_a_misspelt_variable(self):
        variables = self.variables("S3ToTeamcityFunction")
        variables["TEAMCITY_URI"] = variables.pop("TEAMCITY_URL")
        self.check_finds(
            "s3-to-teamcity does not know TEAMCITY_URI",
            "s3-to-teamcity needs TEAMCITY_URL",
            "s3-to-teamcity knows TEAMCITY_URL, which no parameter sets",
        )

    def test_finds_a_misspelt_variable_without_which_the_function_would_start(self):
        variables = self.variables("StatAnalysisFunction")
        variables["REPORT_LOCAL"] = variables.pop("REPORT_LOCALE")
        self.check_finds(
            "stat-analysis does not know REPORT_LOCAL",
            "stat-analysis knows REPORT_LOCALE, which no parameter sets",
        )

    def test_finds_a_misspelt_parameter(self):
        self.variables("StatPrepFunction")["STAT_TIME_ZONE"] = {"Ref": "Timezone"}
        made = stack.made(self.written, EVERY_OPTION)
        self.assertEqual(["StatPrepFunction refers to Timezone, which is not made"], stack.dangling(made))
