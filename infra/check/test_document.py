import unittest

from check import document, stack


class Document(unittest.TestCase):
    def setUp(self):
        self.text = document.README.read_text()
        self.written = stack.template()

    def check_finds(self, *sentences):
        self.assertEqual(list(sentences), document.faults(self.text, self.written))

    def test_every_parameter_is_explained_and_every_alarm_has_its_page(self):
        self.check_finds()

    def test_finds_a_parameter_that_nobody_explains(self):
        row = document.row("DryRun", self.written["Parameters"]["DryRun"])
        self.text = self.text.replace(row, row.replace("DryRun", "Dryrun"))
        self.check_finds("the template has no parameter Dryrun", f"the parameters lack this row: {row}")

    def test_finds_a_default_that_is_no_more(self):
        self.written["Parameters"]["RetentionDays"]["Default"] = 90
        [fault] = document.faults(self.text, self.written)
        self.assertIn("| `RetentionDays` | `90` |", fault)

    def test_finds_an_alarm_without_a_page(self):
        self.text = self.text.replace("### month-unfinished", "### unfinished-month")
        self.check_finds(
            "the runbook has no page for the alarm MonthUnfinished",
            "no alarm leads to the runbook's page unfinished-month",
        )
