import unittest

from check import revision, stack
from check.scenario import DEV, EVERY_OPTION, STATISTICS


class Revision(unittest.TestCase):
    """The triggers call the alias: what makes no new version never takes effect."""

    def setUp(self):
        self.written = stack.template()

    def revisions(self, parameters, code=b"zip"):
        return revision.parameters(self.written, parameters, lambda function: code)

    def test_a_changed_parameter_makes_new_versions_of_exactly_its_functions(self):
        before = self.revisions(EVERY_OPTION)
        self.assertEqual(6, len(before))
        for parameter, value, functions in (
            ("BuildComment", "By night", {"S3ToTeamcityRevision"}),
            ("RetentionDays", "90", {"ApigwLogRetentionRevision"}),
            ("TimeZone", "Asia/Tokyo", {"StatPrepRevision", "StatAnalysisRevision", "CodebuildSlackRevision"}),
            ("Architecture", "x86_64", set(before)),
            # No part of a version: Lambda would refuse to publish one that is the same.
            ("AnalysisConcurrency", "7", set()),
            ("MonthlySchedule", "cron(0 2 1 * ? *)", set()),
        ):
            after = self.revisions(EVERY_OPTION | {parameter: value})
            self.assertEqual(functions, {name for name in before if before[name] != after[name]}, parameter)

    def test_new_code_makes_a_new_version(self):
        old, new = self.revisions(DEV | STATISTICS), self.revisions(DEV | STATISTICS, b"another zip")
        self.assertEqual({"StatPrepRevision", "StatAnalysisRevision"}, set(old))
        self.assertFalse(set(old.values()) & set(new.values()))

    def test_a_new_revision_reaches_the_alias(self):
        def version(parameters):
            made = stack.made(self.written, parameters)
            return made["Resources"]["StatPrepFunctionAliaslive"]["Properties"]["FunctionVersion"]

        before = EVERY_OPTION | self.revisions(EVERY_OPTION)
        after = EVERY_OPTION | self.revisions(EVERY_OPTION | {"TextsPerTask": "10000"})
        self.assertEqual(version(before), version(dict(before)))
        self.assertNotEqual(version(before), version(after))

    def test_every_function_can_be_given_a_revision(self):
        self.assertLessEqual(set(self.revisions(EVERY_OPTION)), set(self.written["Parameters"]))
