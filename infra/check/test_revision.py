import unittest

from check import revision, stack
from check.scenario import FULL, LEAST


class Revision(unittest.TestCase):
    """The triggers invoke the alias: a change that publishes no version never takes effect."""

    def revisions(self, app, more=None, code=b"zip"):
        return revision.parameters(stack.template(app), FULL[app] | (more or {}), lambda crate: code)

    def test_a_changed_parameter_publishes_versions_of_exactly_its_functions(self):
        for app, parameter, value, changed in (
            ("s3-to-teamcity", "BuildComment", "By night", {"Revision"}),
            ("apigw-log-retention", "RetentionDays", "90", {"Revision"}),
            ("month", "TimeZone", "Asia/Tokyo", {"StatPrepRevision", "StatAnalysisRevision"}),
            ("month", "ReportLocale", "en", {"StatAnalysisRevision"}),
            # Not part of a version: Lambda would refuse to publish an equal one.
            ("month", "ReservedConcurrency", "7", set()),
            ("month", "MonthlySchedule", "cron(0 2 1 * ? *)", set()),
        ):
            before, after = self.revisions(app), self.revisions(app, {parameter: value})
            self.assertEqual(changed, {name for name in before if before[name] != after[name]}, parameter)

    def test_new_code_publishes_a_new_version(self):
        old, new = self.revisions("month"), self.revisions("month", code=b"another zip")
        self.assertEqual({"StatPrepRevision", "StatAnalysisRevision"}, set(old))
        self.assertFalse(set(old.values()) & set(new.values()))

    def test_a_new_revision_reaches_the_alias(self):
        def version(parameters):
            made = stack.made(stack.template("month"), LEAST["month"] | parameters)
            return made["Resources"]["StatPrepAliaslive"]["Properties"]["FunctionVersion"]

        before, after = self.revisions("month"), self.revisions("month", {"TextsPerTask": "10000"})
        self.assertEqual(version(before), version(dict(before)))
        self.assertNotEqual(version(before), version(after))

    def test_every_template_has_the_parameters_of_its_revisions(self):
        for app in stack.FUNCTIONAL:
            self.assertLessEqual(set(self.revisions(app)), set(stack.template(app)["Parameters"]))
