import json
import tempfile
import unittest
import unittest.mock
import zipfile
from pathlib import Path

import deploy
from check import settings, stack
from check.scenario import PROD, S3_TO_TEAMCITY


class Zips(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        places = deploy.ZIPS, deploy.PLACE
        self.addCleanup(lambda: setattr(deploy, "ZIPS", places[0]) or setattr(deploy, "PLACE", places[1]))
        deploy.ZIPS, deploy.PLACE = Path(folder.name, "built"), Path(folder.name, "target/deploy")

    def build(self, architecture, machine):
        path = deploy.ZIPS / architecture / "api-loopback.zip"
        path.parent.mkdir(parents=True)
        program = b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bootstrap", program)
        return path.read_bytes()

    def check_refuses(self, words):
        with self.assertRaisesRegex(SystemExit, words):
            deploy.put_in_place("api-loopback", "arm64", is_needed=True)

    def test_a_zip_of_the_stacks_architecture_is_put_where_the_template_looks(self):
        built = self.build("arm64", 0xB7)
        deploy.put_in_place("api-loopback", "arm64", is_needed=True)
        self.assertEqual(built, (deploy.PLACE / "api-loopback.zip").read_bytes())

    def test_a_zip_that_was_not_built_is_told_with_the_command_that_builds_it(self):
        self.check_refuses("Run: make build FN=api-loopback ARCH=arm64")

    def test_a_program_for_another_architecture_is_refused(self):
        self.build("arm64", 0x3E)
        self.check_refuses("another architecture")

    def test_a_function_that_is_not_enabled_needs_no_zip(self):
        deploy.put_in_place("api-loopback", "arm64", is_needed=False)
        with zipfile.ZipFile(deploy.PLACE / "api-loopback.zip") as archive:
            self.assertIn(b"not enabled", archive.read("bootstrap"))


class Parameters(unittest.TestCase):
    def setUp(self):
        self.written = stack.template()

    def test_a_line_that_was_taken_out_of_the_settings_falls_back_to_the_default(self):
        told = deploy.every(self.written, PROD | S3_TO_TEAMCITY)
        self.assertEqual(set(self.written["Parameters"]), set(told))
        self.assertEqual("false", told["DryRun"])
        self.assertEqual("", told["SlackWebhookUrlSecretArn"])
        self.assertEqual([], settings.faults(self.written, told))
        self.assertLessEqual((PROD | S3_TO_TEAMCITY).items(), told.items())

    def test_sam_is_told_of_every_parameter(self):
        patch = unittest.mock.patch.object
        with (
            tempfile.TemporaryDirectory() as folder,
            patch(deploy, "PLACE", Path(folder)),
            patch(deploy, "put_in_place"),
            patch(deploy.revision, "parameters", return_value={}),
            patch(deploy.os, "chdir"),
            patch(deploy.os, "execv") as started,
        ):
            deploy.main("prod", [])
            command = started.call_args.args[1]
            file = command[command.index("--parameter-overrides") + 1].removeprefix("file://")
            told = json.loads(Path(file).read_text())
        self.assertEqual(set(self.written["Parameters"]), set(told))
