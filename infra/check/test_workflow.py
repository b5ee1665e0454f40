import re
import unittest

from check import stack, workflow


class Workflow(unittest.TestCase):
    def test_no_workflow_runs_code_that_others_can_change(self):
        files = sorted(workflow.WORKFLOWS.glob("*.yml"))
        self.assertEqual(["check.yml", "dependencies.yml", "deploy.yml", "release.yml", "stage.yml"], [file.name for file in files])
        for file in files:
            with self.subTest(file.name):
                self.assertEqual([], workflow.faults(file.read_text()))

    def test_the_readme_names_every_variable_and_no_other(self):
        text = (stack.INFRA / "README.md").read_text().split("\n## GitHub Actions\n")[1].split("\n## ")[0]
        read = set().union(*(workflow.variables(file.read_text()) for file in workflow.WORKFLOWS.glob("*.yml")))
        self.assertEqual(read, set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", text)))

    def test_a_variable_of_an_environment_is_read_only_by_a_job_of_it(self):
        # deploy.yml chooses the applications before a job enters its environment.
        self.assertEqual({"APPS", "APPS_PROD", "DEPLOY"}, workflow.variables((workflow.WORKFLOWS / "deploy.yml").read_text()))

    def test_finds_an_action_that_is_not_pinned(self):
        text = "permissions:\n  contents: read\njobs:\n  a:\n    steps:\n      - uses: someone/action@v1\n"
        self.assertEqual(
            ["someone/action@v1 is not pinned to a commit with its version in a comment"], workflow.faults(text)
        )

    def test_finds_a_long_lived_key(self):
        text = "permissions:\n  contents: read\nenv:\n  AWS_SECRET_ACCESS_KEY: ${{ secrets.KEY }}\n"
        self.assertEqual(["it uses a long-lived key instead of OpenID Connect"], workflow.faults(text))

    def test_finds_an_approval_that_blocks_the_next_commit(self):
        text = (workflow.WORKFLOWS / "deploy.yml").read_text().replace("jobs:", "concurrency:\n  group: a\njobs:")
        self.assertEqual(
            ["a run that waits for an approval blocks the next one"], workflow.faults(text)
        )

    def test_finds_a_second_run_that_would_test_the_old_version(self):
        text = (workflow.WORKFLOWS / "stage.yml").read_text().replace("rollback.sh forward", "rollback.sh")
        self.assertEqual(["a second run after a rollback would test the old version"], workflow.faults(text))
