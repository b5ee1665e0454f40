"""The licence texts in the zips."""

import re
import tempfile
import unittest
from pathlib import Path

import build
import licence
from check import dependency, rust

TARGETS = [target for target, _ in build.ARCHITECTURES.values()]


def package(folder, **changed):
    """Returns a package as `cargo metadata` describes it."""
    return {
        "name": "a",
        "version": "1.0.0",
        "license": "MIT",
        "license_file": None,
        "repository": "https://example.com/a",
        "manifest_path": str(folder / "Cargo.toml"),
        **changed,
    }


class Zips(unittest.TestCase):
    def test_every_crate_in_a_zip_has_a_text_and_an_allowed_licence(self):
        allowed = dependency.rules()["licenses"]["allow"]
        for function in rust.functions():
            for target in TARGETS:
                with self.subTest(f"{function}, {target}"):
                    crates = licence.crates(function, target)
                    self.assertLessEqual({"aws-lc-sys", "lambda_runtime"}, {one["name"] for one in crates})
                    text = licence.document(function, crates)
                    for one in crates:
                        self.assertTrue(dependency.is_allowed(one["license"], allowed), one["name"])
                        self.assertTrue(any(len(part) > 500 for part in licence.texts(one)), one["name"])
                        self.assertRegex(text, rf"(?m)^=+\n(.*, )?{one['name']} {one['version']}(, .*)?\n-+\n")

    def test_compiled_are_neither_macros_nor_tools(self):
        names = {one["name"] for one in licence.crates("stat-analysis", TARGETS[0])}
        self.assertIn("tokio-postgres", names)
        self.assertFalse({"serde_derive", "cc", "proptest", "stand-ins", "stat-ledger"} & names)
        others = {one["name"] for one in licence.crates("api-loopback", TARGETS[0])}
        self.assertNotIn("tokio-postgres", others)

    def test_embedded_works_are_in_the_notice(self):
        files = licence.files("stat-analysis", TARGETS[0])
        notice = files["NOTICE"].decode()
        for work in ("mecab-ko-dic", "Kiwi", "Chart.js", "libunwind"):
            self.assertIn(work, notice)
        self.assertIn(b"Apache License", files["LICENSE"])
        self.assertEqual(files, licence.files("stat-analysis", TARGETS[0]))

    def test_the_notice_names_the_pinned_version_of_the_linker(self):
        requirements = (licence.ROOT / "infra/local/requirements.txt").read_text()
        [version] = re.findall(r"(?m)^ziglang==(.+)$", requirements)
        self.assertIn(f"\nZig {version}\n", (licence.ROOT / "NOTICE").read_text())


class Texts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, **files):
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_", "-")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def test_texts_of_vendored_sources_belong_to_the_package(self):
        self.write(LICENSE_MIT="one\r\n", c__COPYING="two\n", tests__LICENSE="three", README="four")
        (self.folder / "license.rs").write_text("mod a;")
        self.assertEqual(["one", "two"], licence.texts(package(self.folder)))

    def test_equal_texts_are_written_once(self):
        self.write(a__LICENSE="same text \n\n", b__LICENCE="\nsame text\n")
        text = licence.document("f", [package(self.folder / "a"), package(self.folder / "b", name="b")])
        self.assertEqual(1, text.count("same text"))
        self.assertIn("\na 1.0.0, b 1.0.0\n", text)

    def test_the_file_of_the_manifest_counts(self):
        self.write(TERMS="terms")
        self.assertEqual(["terms"], licence.texts(package(self.folder, license_file="TERMS")))

    def test_a_package_without_a_text_gets_the_standard_text(self):
        [text] = licence.texts(package(self.folder))
        self.assertIn("Copyright (c) the authors of https://example.com/a\n\nPermission is hereby granted", text)
        [text] = licence.texts(package(self.folder, license="MIT/Apache-2.0"))
        self.assertIn("Apache License", text)

    def test_a_package_without_text_and_standard_text_is_refused(self):
        for expression in ("ISC", "MIT AND ISC", None):
            with self.subTest(expression), self.assertRaisesRegex(SystemExit, "a 1.0.0 .* contains no licence text"):
                licence.texts(package(self.folder, license=expression))
