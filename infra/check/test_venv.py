import os
import pty
import subprocess
import tempfile
import unittest
from pathlib import Path

from check import stack

#: A Python that says it installs three packages.
PYTHON = "#!/bin/sh\n[ \"$1\" = -c ] || printf 'Collecting one\\nCollecting two\\nCollecting three\\n'\n"
LINE = "\r\x1b[K  3 of 3 Python packages"


class Venv(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "venv/bin").mkdir(parents=True)
        (self.folder / "venv/bin/python").write_text(PYTHON)
        (self.folder / "venv/bin/python").chmod(0o755)
        (self.folder / "requirements.txt").write_text("one==1\ntwo==2\nthree==3\n")
        self.command = [
            "sh",
            str(stack.ROOT / "infra/local/make-venv.sh"),
            str(self.folder / "venv"),
            str(self.folder / "requirements.txt"),
        ]

    def test_progress_is_one_line_in_a_terminal(self):
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            subprocess.run(self.command, stdout=theirs, check=True)
            os.close(theirs)
            self.assertIn(LINE, terminal.read(4096).decode())

    def test_progress_is_lines_in_a_log(self):
        done = subprocess.run(self.command, capture_output=True, text=True, check=True)
        self.assertEqual("  3 of 3 Python packages\n", done.stdout)
