"""A release: zips for both architectures in one folder, with their checksums.

    release.py pack VERSION FOLDER    from the zips of make build; prints the changes of the version
    release.py check VERSION FOLDER   verifies the checksums of all zips in a downloaded folder

The names are those of GitHub's assets, which have no folders: <function>-<version>-<architecture>.zip and SHA256SUMS.
Needs Python alone: deploying a release works without a Rust tool chain.
"""

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ZIPS = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "deploy"
ARCHITECTURES = ("arm64", "x86_64")
SUMS = "SHA256SUMS"


class Fault(Exception):
    """What is wrong with a release, and what to do."""


def version():
    """Returns the version of the sources."""
    return re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text("utf-8"), re.MULTILINE)[1]


def changes(number):
    """Returns the section of a version in the changelog."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    section = re.search(rf"^## \[?{re.escape(number)}\]?(?: [^\n]*)?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if not section:
        raise Fault(f"CHANGELOG.md has no section {number}: give the section Unreleased this name")
    return section[1].strip()


def pack(number, folder):
    """Copies the built zips into a folder and writes their checksums."""
    fits(number)
    functions = sorted({path.stem for path in ZIPS.glob("*/*.zip") if path.parent.name in ARCHITECTURES})
    if not functions:
        raise Fault(f"{ZIPS} has no zips. Run: make build")
    folder.mkdir(parents=True)
    sums = []
    for function in functions:
        for architecture in ARCHITECTURES:
            built, name = ZIPS / architecture / f"{function}.zip", named(function, number, architecture)
            if not built.exists():
                raise Fault(f"{built} is missing. Run: make build FN={function} ARCH={architecture}")
            shutil.copyfile(built, folder / name)
            sums.append(f"{digest(folder / name)}  {name}\n")
    (folder / SUMS).write_text("".join(sums), "utf-8")


def verified(number, folder, function, architecture):
    """Returns the zip of a function after comparing its checksum."""
    fits(number)
    name = named(function, number, architecture)
    zipped = folder / name
    if not zipped.exists():
        others = sorted(path.name for path in folder.glob(f"{function}-*-{architecture}.zip"))
        found = f"the folder has {', '.join(others)}" if others else "download it from the release's page"
        raise Fault(f"{zipped} is missing: {found}")
    expected = checksums(folder).get(name)
    if expected is None:
        raise Fault(f"{folder / SUMS} has no checksum of {name}: download {SUMS} of version {number}")
    if digest(zipped) != expected:
        raise Fault(f"{zipped} has the SHA-256 {digest(zipped)}, expected {expected}: download it again")
    return zipped


def fits(number):
    """Refuses a release whose templates would be those of other sources."""
    if number != version():
        raise Fault(f"the sources are version {version()}, expected {number}: git checkout v{number}")


def checksums(folder):
    """Returns the checksums by file name."""
    path = folder / SUMS
    if not path.exists():
        raise Fault(f"{path} is missing: download it from the release's page")
    lines = path.read_text("utf-8").splitlines()
    rows = [re.fullmatch(r"([0-9a-f]{64}) [ *]([^/\s]+)", line) for line in lines]
    if not all(rows):
        raise Fault(f"{path} is not a list of SHA-256 checksums: download it again")
    return {row[2]: row[1] for row in rows}


def check(number, folder):
    """Verifies every zip of the folder's list that was downloaded. Returns their names."""
    pattern = re.compile(rf"(.+)-{re.escape(number)}-({'|'.join(ARCHITECTURES)})\.zip")
    parts = [pattern.fullmatch(path.name) for path in sorted(folder.glob("*.zip"))]
    present = [verified(number, folder, part[1], part[2]).name for part in parts if part]
    if not present:
        raise Fault(f"{folder} has no zip of version {number}: download it from the release's page")
    return present


def named(function, number, architecture):
    """Returns the name of a zip."""
    return f"{function}-{number}-{architecture}.zip"


def digest(path):
    """Returns the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments):
    try:
        match arguments:
            case ["pack", number, folder]:
                notes = changes(number)
                pack(number, Path(folder))
                print(notes)
            case ["check", number, folder]:
                print("\n".join(f"{name}: OK" for name in check(number, Path(folder))))
            case _:
                sys.exit(__doc__)
    except Fault as fault:
        sys.exit(f"release: {fault}")


if __name__ == "__main__":
    main(sys.argv[1:])
