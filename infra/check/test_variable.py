import unittest

from check import stack, variable
from check.scenario import FULL, SCENARIOS


class Variable(unittest.TestCase):
    def check_finds(self, app, change, *sentences):
        written = stack.template(app)
        change({
            name: resource["Properties"]["Environment"]["Variables"]
            for name, resource in written["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"
        })
        self.assertEqual(list(sentences), variable.faults(stack.made(written, FULL[app]), True))

    def test_every_function_gets_what_it_requires_and_nothing_else(self):
        for app, name, parameters in SCENARIOS:
            with self.subTest(f"{app}, {name}"):
                self.assertEqual([], variable.faults(stack.made(stack.template(app), parameters)))

    def test_every_variable_can_be_set(self):
        for app in stack.FUNCTIONAL:
            with self.subTest(app):
                self.check_finds(app, lambda variables: None)

    def test_the_readme_of_a_function_has_a_row_for_every_variable_of_its_stack(self):
        for app in stack.FUNCTIONAL:
            made = stack.made(stack.template(app), FULL[app])
            self.assertEqual([], variable.undocumented(made, variable.readme))
        self.assertEqual(
            ["the README of stat-analysis has no row for DATABASE_AUTH", "the README of stat-prep has no row for DATABASE_AUTH"],
            sorted(
                variable.undocumented(
                    stack.made(stack.template("month"), FULL["month"]),
                    lambda crate: variable.readme(crate).replace("`DATABASE_AUTH`, ", ""),
                )
            ),
        )

    def test_finds_a_misspelt_variable(self):
        self.check_finds(
            "s3-to-teamcity",
            lambda variables: variables["Function"].update(TEAMCITY_URI=variables["Function"].pop("TEAMCITY_URL")),
            "s3-to-teamcity does not read TEAMCITY_URI",
            "s3-to-teamcity requires TEAMCITY_URL",
            "s3-to-teamcity reads TEAMCITY_URL, which no parameter sets",
        )

    def test_finds_a_misspelt_variable_without_which_the_function_would_start(self):
        self.check_finds(
            "month",
            lambda variables: variables["StatAnalysis"].update(REPORT_LOCAL=variables["StatAnalysis"].pop("REPORT_LOCALE")),
            "stat-analysis does not read REPORT_LOCAL",
            "stat-analysis reads REPORT_LOCALE, which no parameter sets",
        )

    def test_finds_a_misspelt_parameter(self):
        written = stack.template("month")
        written["Resources"]["StatPrep"]["Properties"]["Environment"]["Variables"]["STAT_TIME_ZONE"] = {"Ref": "Timezone"}
        self.assertEqual(
            ["StatPrep refers to Timezone, which is not created"], stack.dangling(stack.made(written, FULL["month"]))
        )
