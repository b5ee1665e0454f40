"""The zips of `make build`: reproducible, and nothing that would fail only in Lambda."""

import io
import json
import os
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import build


def program(machine=0x3E, glibc=b"GLIBC_2.30"):
    """Returns the parts of an ELF file that build.py reads."""
    return b"\x7fELF".ljust(18, b"\0") + machine.to_bytes(2, "little") + b"\0" + glibc + b"\0" + bytes(5000)


class Packages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.target = Path(folder.name)
        self.place = self.target / "place"
        for name, path in (("TARGET", self.target), ("PLACE", self.place)):
            patch = mock.patch.object(build, name, path)
            patch.start()
            self.addCleanup(patch.stop)

    def package(self, content, modified, architecture="x86_64", licences=None):
        bootstrap = self.target / "lambda/f/bootstrap"
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.write_bytes(content)
        os.utime(bootstrap, (modified, modified))
        build.package("f", architecture, build.ARCHITECTURES[architecture][1], licences or {})
        return (self.target / "deploy" / architecture / "f.zip").read_bytes()

    def test_the_same_program_gives_the_same_zip_at_any_time(self):
        self.assertEqual(self.package(program(), 1_000_000_000), self.package(program(), 1_700_000_000))
        self.assertNotEqual(self.package(program(), 1), self.package(program() + b"x", 1))

    def test_the_licences_are_beside_the_program(self):
        licences = {"NOTICE": b"of others", "LICENSE": b"ours"}
        zipped = self.package(program(), 1, licences=licences)
        self.assertEqual(zipped, self.package(program(), 2, licences=dict(reversed(licences.items()))))
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
            self.assertEqual(["bootstrap", "LICENSE", "NOTICE"], archive.namelist())
            self.assertEqual(b"of others", archive.read("NOTICE"))
            modes = [oct(entry.external_attr >> 16) for entry in archive.infolist()]
        self.assertEqual(["0o100755", "0o100644", "0o100644"], modes)

    def test_a_program_for_another_architecture_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "f is not a program for this architecture"):
            self.package(program(machine=0x3E), 1, "arm64")
        with self.assertRaisesRegex(SystemExit, "f is not a program for this architecture"):
            self.package(b"#!/bin/sh\n".ljust(64), 1)

    def test_a_program_that_needs_a_newer_glibc_is_refused(self):
        self.package(program(glibc=b"GLIBC_2.34"), 1)
        with self.assertRaisesRegex(SystemExit, "f needs glibc 2.38, but provided.al2023 has 2.34"):
            self.package(program(glibc=b"GLIBC_2.4\0GLIBC_2.38"), 1)

    def test_an_unknown_architecture_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "unknown architecture x64, expected x86_64 or arm64"):
            build.main(["x64"], ["f"])

    def test_an_architecture_without_a_rust_target_is_skipped_unless_requested(self):
        with mock.patch.object(build, "has_target", return_value=False), mock.patch("builtins.print") as printed:
            build.main([], ["f"])
            self.assertIn("arm64    skipped: the Rust target aarch64-unknown-linux-gnu", printed.call_args[0][0])
            with self.assertRaisesRegex(SystemExit, "is missing: rustup target add aarch64"):
                build.main(["arm64"], ["f"])

    def test_the_zip_of_one_architecture_is_where_the_templates_expect_it(self):
        machines = iter((0xB7, 0x3E, 0xB7))
        with (
            mock.patch.object(build, "has_target", return_value=True),
            mock.patch.object(build.licence, "files", return_value={}),
            mock.patch.object(build, "compile", lambda function, target: self.write(next(machines))),
            mock.patch("builtins.print"),
        ):
            build.main(["arm64"], ["f"])
            self.assertEqual((self.target / "deploy/arm64/f.zip").read_bytes(), (self.place / "f.zip").read_bytes())
            (self.place / "f.zip").unlink()
            build.main([], ["f"])
            self.assertFalse((self.place / "f.zip").exists())

    def write(self, machine):
        bootstrap = self.target / "lambda/f/bootstrap"
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.write_bytes(program(machine))


class Compiles(unittest.TestCase):
    def test_only_rustc_flags_are_removed_from_the_environment(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        folder = Path(folder.name)
        # A stand-in for cargo that records its arguments and environment.
        cargo, note = folder / "cargo", folder / "note.json"
        cargo.write_text(
            f"#!{sys.executable}\nimport json, os, sys\n"
            f"json.dump([sys.argv[1:], dict(os.environ)], open({str(note)!r}, 'w'))\n"
        )
        cargo.chmod(0o755)
        flags = [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
        ]
        environment = {name: "-Ctarget-cpu=native" for name in flags}
        environment |= {"PATH": f"{folder}:{os.environ['PATH']}", "CARGO_TARGET_DIR": str(folder), "OWN_RUSTFLAGS": "x"}
        with mock.patch.dict(os.environ, environment):
            build.compile("f", "x86_64-unknown-linux-gnu")
        arguments, seen = json.loads(note.read_text())
        self.assertEqual([], [name for name in flags if name in seen])
        self.assertEqual(str(folder), seen["CARGO_TARGET_DIR"])
        self.assertEqual("x", seen["OWN_RUSTFLAGS"])
        remapped = [argument for argument in arguments if argument.startswith("build.rustflags=")]
        self.assertEqual(1, len(remapped))
        self.assertIn(f"--remap-path-prefix={build.ROOT}=/nightshift", remapped[0])


if __name__ == "__main__":
    unittest.main()
