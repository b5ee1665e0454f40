import json
import os
import shutil
import subprocess
import tempfile
import unittest
import unittest.mock
import zipfile
from pathlib import Path

import deploy
from check import settings, stack
from check.scenario import LEAST


class Zips(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, path in (("ZIPS", Path(folder.name, "built")), ("PLACE", Path(folder.name, "target/deploy"))):
            patch = unittest.mock.patch.object(deploy, name, path)
            patch.start()
            self.addCleanup(patch.stop)

    def build(self, architecture, machine):
        path = deploy.ZIPS / architecture / "api-loopback.zip"
        path.parent.mkdir(parents=True)
        program = b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bootstrap", program)
        return path.read_bytes()

    def check_refuses(self, message):
        with self.assertRaisesRegex(SystemExit, message):
            deploy.put_in_place("api-loopback", "arm64")

    def test_a_zip_of_the_right_architecture_is_copied_to_the_templates_path(self):
        built = self.build("arm64", 0xB7)
        deploy.put_in_place("api-loopback", "arm64")
        self.assertEqual(built, (deploy.PLACE / "api-loopback.zip").read_bytes())

    def test_a_missing_zip_is_reported_with_the_command_that_builds_it(self):
        self.check_refuses("Run: make build FN=api-loopback ARCH=arm64")

    def test_a_program_for_another_architecture_is_refused(self):
        self.build("arm64", 0x3E)
        self.check_refuses("another architecture than arm64")


class Parameters(unittest.TestCase):
    def test_a_removed_line_falls_back_to_the_default(self):
        written = stack.template("apigw-log-retention")
        passed = deploy.every(written, LEAST["apigw-log-retention"])
        self.assertEqual(set(written["Parameters"]), set(passed))
        self.assertEqual("true", passed["DryRun"])
        self.assertEqual([], settings.faults(written, passed))

    def test_sam_receives_every_parameter(self):
        patch = unittest.mock.patch.object
        with (
            tempfile.TemporaryDirectory() as folder,
            patch(deploy, "PLACE", Path(folder)),
            patch(deploy, "put_in_place"),
            patch(deploy.settings, "configuration_faults", return_value=([], [])),
            patch(deploy.revision, "parameters", return_value={}),
            patch(deploy, "check_sign_in"),
            patch(deploy.os, "chdir"),
            patch(deploy.os, "execv") as started,
        ):
            deploy.deploy("codebuild-slack", "prod", [])
            command = started.call_args.args[1]
            file = command[command.index("--parameter-overrides") + 1].removeprefix("file://")
            passed = json.loads(Path(file).read_text())
        self.assertEqual(set(stack.template("codebuild-slack")["Parameters"]), set(passed))
        self.assertIn("infra/codebuild-slack/template.yaml", command)


class SignIn(unittest.TestCase):
    def check(self, options, arguments, **variables):
        with tempfile.TemporaryDirectory() as home:
            environment = {"HOME": home, "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
            with unittest.mock.patch.dict(os.environ, environment | variables, clear=True):
                deploy.check_sign_in(options, arguments)

    def test_missing_credentials_are_reported_with_the_commands_that_sign_in(self):
        with self.assertRaisesRegex(SystemExit, "found no AWS credentials; sign in with `aws sso login`"):
            self.check({}, [])

    def test_an_unknown_profile_is_named(self):
        with self.assertRaisesRegex(SystemExit, "night.* could not be found; sign in"):
            self.check({"profile": "night"}, [])

    def test_credentials_in_variables_or_a_profile_for_sam_are_enough(self):
        self.check({}, [], AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
        self.check({}, ["--profile", "me"])


class Makefile(unittest.TestCase):
    def check_refuses(self, message, *words, **variables):
        command = [shutil.which("make"), "--dry-run", *words]
        run = subprocess.run(command, cwd=stack.ROOT, env=os.environ | variables, capture_output=True, text=True)
        self.assertEqual(2, run.returncode, run.stdout)
        self.assertIn(message, run.stderr)

    def test_an_unknown_application_or_function_is_refused_before_anything_is_built(self):
        for target in ("check", "build", "deploy", "smoke"):
            self.check_refuses("APP=codebuild: expected one of alarms", target, "APP=codebuild", "STAGE=prod")
        self.check_refuses("stat: no such function to build, expected FN=, one of s3-to-teamcity", "build", "FN=stat")
        self.check_refuses("alarms: no such function to build", "build", "APP=alarms")

    def test_missing_tools_are_reported_before_anything_is_installed(self):
        with tempfile.TemporaryDirectory() as folder:
            for tool in ("sh", "sed"):
                Path(folder, tool).symlink_to(shutil.which(tool))
            self.check_refuses("Rust is missing: install it from https://rustup.rs", "demo", PATH=folder)
            Path(folder, "cargo").symlink_to(shutil.which("cargo"))
            self.check_refuses("a C compiler is missing. Debian and Ubuntu: apt install", "demo", PATH=folder)
