"""Builds functions for Lambda reproducibly: the same sources give the same bytes in any folder.

This holds for the program; the zip has the same bytes if the same version of zlib compresses it. Flags for rustc in the
environment (RUSTFLAGS and similar) are removed: they would replace the flags given here, and code for this machine's
processor may not run on Lambda's.

    build.py [ARCHITECTURE …] -- FUNCTION …

Each function is built by itself, so that the features of another function do not change it. Without an architecture
both are built; one whose Rust target cannot be installed is skipped with a message.

    target/lambda/<function>/bootstrap             for cargo lambda deploy
    target/deploy/<architecture>/<function>.zip    for infra/deploy.py, with the licences of what the program contains
    target/deploy/<function>.zip                   the same for sam deploy, if one architecture is chosen
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import licence

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
# The folder of the templates' CodeUri.
PLACE = ROOT / "target/deploy"
# Rust's target and the machine in an ELF header, by Lambda's name of the architecture.
ARCHITECTURES = {
    "x86_64": ("x86_64-unknown-linux-gnu", 0x3E),
    "arm64": ("aarch64-unknown-linux-gnu", 0xB7),
}
# Each of these replaces build.rustflags or adds to it.
RUSTFLAGS = re.compile("(CARGO_(BUILD|ENCODED|TARGET_.+)_)?RUSTFLAGS")
# Version in Amazon Linux 2023, the system of provided.al2023.
GLIBC = (2, 34)


def main(chosen, wanted):
    unknown = set(chosen) - set(ARCHITECTURES)
    if unknown:
        sys.exit(f"build: unknown architecture {', '.join(unknown)}, expected {' or '.join(ARCHITECTURES)}")
    rows = []
    for architecture in chosen or ARCHITECTURES:
        target, machine = ARCHITECTURES[architecture]
        if not has_target(target):
            reason = f"the Rust target {target} is missing: rustup target add {target} (rustup is at https://rustup.rs)"
            if chosen:
                sys.exit(f"build: {reason}")
            rows.append(f"  {architecture:8} skipped: {reason}")
            continue
        for function in wanted:
            compile(function, target)
            rows.append(package(function, architecture, machine, licence.files(function, target)))
            if len(chosen) == 1:
                offer(function, architecture)
    print("\n".join(rows))


def has_target(target):
    if not shutil.which("rustc"):
        sys.exit("build: Rust is missing. Install it from https://rustup.rs, or deploy the zips of a release with RELEASE=")
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, check=True, capture_output=True, text=True)
    if (Path(sysroot.stdout.strip()) / "lib/rustlib" / target / "lib").is_dir():
        return True
    rustup = shutil.which("rustup")
    return bool(rustup) and subprocess.run([rustup, "target", "add", target], cwd=ROOT).returncode == 0


def compile(function, target):
    """Compiles with zig as the linker against an old glibc; cargo-lambda includes zig and downloads nothing."""
    cargo_home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    # The last match wins, and the target folder may be inside the project's.
    places = [(ROOT, "/nightshift"), (TARGET, "/target"), (cargo_home, "/cargo")]
    remapped = [f"--remap-path-prefix={path}={name}" for path, name in places]
    environment = {
        **{name: value for name, value in os.environ.items() if not RUSTFLAGS.fullmatch(name)},
        "SOURCE_DATE_EPOCH": "0",
        "TARGET_CFLAGS": " ".join(f"-ffile-prefix-map={path}={name}" for path, name in places),
    }
    # cargo-lambda adds its own flags to these.
    flags = f"build.rustflags={remapped!r}".replace("'", '"')
    command = ["cargo", "lambda", "build", "--release", "--locked", "--skip-target-check", "--target", target]
    status = subprocess.run([*command, "--config", flags, "--package", function, "--bin", function], cwd=ROOT, env=environment)
    if status.returncode:
        if not shutil.which("cargo-lambda"):
            print("build: cargo-lambda is missing. Run: rm -r .venv && make setup", file=sys.stderr)
        sys.exit(status.returncode)


def package(function, architecture, machine, licences):
    program = (TARGET / "lambda" / function / "bootstrap").read_bytes()
    check(function, program, machine)
    path = TARGET / "deploy" / architecture / f"{function}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        add(archive, "bootstrap", program, 0o755)
        for name, content in sorted(licences.items()):
            add(archive, name, content, 0o644)
    zipped = path.read_bytes()
    digest = hashlib.sha256(zipped).hexdigest()
    return f"  {architecture:8} {function:20} {len(zipped) / 1e6:6.2f} MB  sha256 {digest[:16]}…  {path}"


def offer(function, architecture):
    """Copies the zip to the templates' CodeUri, for `sam deploy` inside a folder of infra/."""
    PLACE.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(TARGET / "deploy" / architecture / f"{function}.zip", PLACE / f"{function}.zip")


def add(archive, name, content, mode):
    """Adds a file with the earliest time that a zip can store, for reproducible bytes."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = (0o100000 | mode) << 16
    entry.create_system = 3
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content, compresslevel=9)


def check(function, program, machine):
    """Refuses a program that would fail only in Lambda."""
    if program[:4] != b"\x7fELF" or int.from_bytes(program[18:20], "little") != machine:
        sys.exit(f"build: {function} is not a program for this architecture")
    versions = {(int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", program)}
    if max(versions, default=GLIBC) > GLIBC:
        newest = ".".join(map(str, max(versions)))
        sys.exit(f"build: {function} needs glibc {newest}, but provided.al2023 has {'.'.join(map(str, GLIBC))}")


if __name__ == "__main__":
    if "--" not in sys.argv or sys.argv[-1] == "--":
        sys.exit(__doc__)
    end = sys.argv.index("--")
    main(sys.argv[1:end], sys.argv[end + 1 :])
