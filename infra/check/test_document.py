import unittest

from check import document, stack


class Parameters(unittest.TestCase):
    def test_every_readme_has_the_parameters_of_its_template(self):
        for app in stack.FUNCTIONAL:
            with self.subTest(app):
                self.assertEqual([], document.faults(document.readme(app), stack.template(app)))

    def test_finds_a_missing_and_an_unknown_parameter(self):
        written = stack.template("apigw-log-retention")
        row = document.row("DryRun", written["Parameters"]["DryRun"])
        text = document.readme("apigw-log-retention").replace(row, row.replace("DryRun", "Dryrun"))
        self.assertEqual(
            ["the template has no parameter Dryrun", f"the README lacks this row: {row}"],
            document.faults(text, written),
        )


class Descriptions(unittest.TestCase):
    def test_no_description_loses_its_end(self):
        for app in stack.TEMPLATES:
            with self.subTest(app):
                text = (stack.INFRA / app / "template.yaml").read_text()
                self.assertEqual([], document.cut_descriptions(text))

    def test_finds_a_comment_in_a_description(self):
        lost = "    Description: Secret, with #key for a key"
        text = f'''{lost}\n    Description: "with #key"\n    Description: issue#1\n'''
        self.assertEqual([lost], document.cut_descriptions(text))


class Runbook(unittest.TestCase):
    def setUp(self):
        self.text = document.RUNBOOK.read_text()
        self.templates = [stack.template(app) for app in stack.APPLICATIONS]

    def test_every_alarm_has_a_page_and_every_page_an_alarm(self):
        self.assertEqual([], document.runbook_faults(self.text, self.templates))

    def test_finds_an_alarm_without_a_page(self):
        text = self.text.replace("### month-unfinished", "### unfinished-month")
        self.assertEqual(
            [
                "the runbook has no page for the alarm MonthUnfinished",
                "no alarm refers to the runbook's page unfinished-month",
            ],
            document.runbook_faults(text, self.templates),
        )
