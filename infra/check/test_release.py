"""A release: the steps of its workflow, run here, and a deployment of what they made."""

import contextlib
import io
import os
import platform
import shutil
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import build
import deploy
import release
import tomlkit
from check import stack, workflow
from samtranslator.yaml_helper import yaml_parse

VERSION = "0.2.0"
FUNCTION = "codebuild-slack"
MACHINE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n- later\n\n## [0.2.0] - 2026-12-01\n\n- this\n\n## 0.1.0\n\n- before\n"


def program(machine):
    """Returns the parts of an ELF file that build.py and deploy.py read."""
    return b"\x7fELF".ljust(18, b"\0") + machine.to_bytes(2, "little") + b"\0GLIBC_2.30\0"


class Release(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "infra").mkdir()
        shutil.copy(stack.INFRA / "release.py", self.root / "infra")
        (self.root / "Cargo.toml").write_text(f'[workspace.package]\nversion = "{VERSION}"\n\n[workspace.dependencies]\nuuid = {{ version = "1" }}\n')
        (self.root / "CHANGELOG.md").write_text(CHANGELOG)
        self.folder = self.root / "release"
        self.patch(release, ROOT=self.root)
        self.patch(build, TARGET=self.root / "target")
        self.patch(deploy, PLACE=self.root / "place", RELEASE=VERSION, RELEASES=self.folder)

    def patch(self, module, **values):
        for name, value in values.items():
            patch = mock.patch.object(module, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def build(self):
        """Packages a program for each architecture, as `make build` does."""
        for architecture, (_, machine) in build.ARCHITECTURES.items():
            bootstrap = self.root / "target/lambda" / FUNCTION / "bootstrap"
            bootstrap.parent.mkdir(parents=True, exist_ok=True)
            bootstrap.write_bytes(program(machine))
            build.package(FUNCTION, architecture, machine, {"NOTICE": b"of others"})

    def run_steps(self, tag=f"v{VERSION}", gh="exit 0"):
        """Runs the workflow's own commands after the zips, with a stand-in for gh. Returns the first failure or None."""
        job = yaml_parse((workflow.WORKFLOWS / "release.yml").read_text())["jobs"]["publish"]
        commands = [step["run"] for step in job["steps"] if "run" in step]
        self.assertEqual(3, len(commands))
        tools = self.root / "tools"
        tools.mkdir(exist_ok=True)
        (tools / "gh").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > gh.txt\n{gh}\n')
        (tools / "gh").chmod(0o755)
        environment = {"PATH": f"{tools}:{os.environ['PATH']}", "GITHUB_REF_NAME": tag, "PYTHONDONTWRITEBYTECODE": "1"}
        for command in commands:
            run = subprocess.run(["bash", "-e", "-c", command], cwd=self.root, env=environment, capture_output=True, text=True)
            if run.returncode:
                return run.stderr.strip()
        return None

    def publish(self):
        self.build()
        self.assertIsNone(self.run_steps())

    def check_refuses(self, message):
        with self.assertRaisesRegex(SystemExit, message):
            deploy.put_in_place(FUNCTION, "arm64")

    def test_the_steps_of_the_workflow_make_what_make_deploy_takes(self):
        self.publish()
        names = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(["SHA256SUMS", "codebuild-slack-0.2.0-arm64.zip", "codebuild-slack-0.2.0-x86_64.zip"], names)
        published = (self.root / "gh.txt").read_text().splitlines()
        self.assertEqual(["release", "create", "v0.2.0", *(f"release/{name}" for name in names)], published[:6])
        self.assertEqual("- this\n", (self.root / "notes.md").read_text())
        sums = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=self.folder)
        self.assertEqual(0, sums.returncode)
        deploy.put_in_place(FUNCTION, "arm64")
        placed = (deploy.PLACE / "codebuild-slack.zip").read_bytes()
        self.assertEqual((self.root / "target/deploy/arm64/codebuild-slack.zip").read_bytes(), placed)

    def test_a_tag_that_the_sources_do_not_have_is_not_published(self):
        self.build()
        self.assertEqual(
            "release: CHANGELOG.md has no section 0.3.0: give the section Unreleased this name", self.run_steps("v0.3.0")
        )
        self.assertEqual("release: the sources are version 0.2.0, expected 0.1.0: git checkout v0.1.0", self.run_steps("v0.1.0"))
        self.assertFalse((self.root / "gh.txt").exists())

    def test_a_release_without_an_architecture_is_not_published(self):
        self.build()
        (self.root / "target/deploy/arm64/codebuild-slack.zip").unlink()
        self.assertRegex(self.run_steps(), "arm64/codebuild-slack.zip is missing. Run: make build FN=codebuild-slack ARCH=arm64$")
        shutil.rmtree(self.root / "target/deploy")
        shutil.rmtree(self.folder)
        self.assertRegex(self.run_steps(), "target/deploy has no zips. Run: make build$")

    def test_one_downloaded_zip_is_enough(self):
        self.publish()
        (self.folder / "codebuild-slack-0.2.0-x86_64.zip").unlink()
        deploy.put_in_place(FUNCTION, "arm64")
        self.assertEqual(["codebuild-slack-0.2.0-arm64.zip"], release.check(VERSION, self.folder))

    def test_a_missing_file_is_named(self):
        self.publish()
        zipped = self.folder / "codebuild-slack-0.2.0-arm64.zip"
        zipped.rename(self.folder / "codebuild-slack-0.1.0-arm64.zip")
        self.check_refuses("codebuild-slack-0.2.0-arm64.zip is missing: the folder has codebuild-slack-0.1.0-arm64.zip")
        shutil.rmtree(self.folder)
        self.check_refuses("codebuild-slack-0.2.0-arm64.zip is missing: download it from the release's page")

    def test_a_changed_zip_is_refused(self):
        self.publish()
        zipped = self.folder / "codebuild-slack-0.2.0-arm64.zip"
        zipped.write_bytes(zipped.read_bytes()[:-1])
        self.check_refuses("codebuild-slack-0.2.0-arm64.zip has the SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}: download it again")
        self.assertFalse((deploy.PLACE / "codebuild-slack.zip").exists())

    def test_faulty_checksums_are_refused(self):
        self.publish()
        sums = self.folder / "SHA256SUMS"
        sums.write_text(sums.read_text().replace("0.2.0", "0.1.0"))
        self.check_refuses("SHA256SUMS has no checksum of codebuild-slack-0.2.0-arm64.zip: download SHA256SUMS of version 0.2.0")
        sums.write_text("<html>Not Found</html>")
        self.check_refuses("SHA256SUMS is not a list of SHA-256 checksums: download it again")
        sums.unlink()
        self.check_refuses("SHA256SUMS is missing: download it from the release's page")

    def test_another_version_than_the_templates_is_refused(self):
        self.publish()
        self.patch(deploy, RELEASE="0.3.0")
        self.check_refuses("the sources are version 0.2.0, expected 0.3.0: git checkout v0.3.0")

    @unittest.skipUnless(platform.system() == "Linux", "the functions' programs are for Linux")
    def test_parameters_are_checked_by_the_released_program(self):
        self.folder.mkdir()
        name = release.named(FUNCTION, VERSION, MACHINE)
        with zipfile.ZipFile(self.folder / name, "w") as archive:
            archive.writestr("bootstrap", '#!/bin/sh\necho "SLACK_ROUTES=$SLACK_ROUTES: expected a list"\nexit 1\n')
        (self.folder / "SHA256SUMS").write_text(f"{release.digest(self.folder / name)}  {name}\n")
        properties = {"Environment": {"Variables": {"SLACK_ROUTES": "{"}}}
        with mock.patch.object(deploy.settings, "functions", return_value={FUNCTION: properties}):
            self.assertEqual([f"{FUNCTION}: SLACK_ROUTES={{: expected a list"], deploy.configuration_faults({}))
            (self.folder / name).unlink()
            with contextlib.redirect_stderr(io.StringIO()) as printed:
                self.assertEqual([], deploy.configuration_faults({}))
        self.assertIn(f"{FUNCTION}: its variables are NOT checked. That needs Linux, with the zip for", printed.getvalue())


class Sources(unittest.TestCase):
    def test_the_version_is_that_of_the_workspace(self):
        self.assertRegex(release.version(), r"^\d+\.\d+\.\d+$")
        lock = tomlkit.parse((stack.ROOT / "Cargo.lock").read_text()).unwrap()
        self.assertEqual({release.version()}, {one["version"] for one in lock["package"] if "source" not in one})


if __name__ == "__main__":
    unittest.main()
