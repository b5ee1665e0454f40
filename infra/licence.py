"""The licences of everything that a function's program contains: the files beside `bootstrap` in its zip.

    licence.py FUNCTION [ARCHITECTURE]    prints the texts of the crates

The texts are read from the packages that cargo has downloaded, so a build needs no network and the same Cargo.lock gives
the same bytes.
"""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Names of files with a licence, a copyright or a notice.
NAMES = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)([-._].*)?", re.IGNORECASE)
#: Folders whose files are not compiled.
UNUSED = {"tests", "benches", "examples"}
#: Licences of the packages without a text, each with its standard text.
STANDARD = {"Apache-2.0": ROOT / "LICENSE", "MIT": ROOT / "infra/licences/MIT.txt"}
#: Copyrights of the Rust standard library, in the folder of the compiler.
RUST = "share/doc/rust/COPYRIGHT-library.html"


def files(function, target):
    """Returns the files for the zip of a function: name and content."""
    found = {name: (ROOT / name).read_bytes() for name in ("LICENSE", "NOTICE")}
    found["THIRD-PARTY-LICENCES.txt"] = document(function, crates(function, target)).encode()
    rust = Path(output("rustc", "--print", "sysroot").strip()) / RUST
    # Packages of distributions have it elsewhere.
    if rust.exists():
        found["RUST-STANDARD-LIBRARY.html"] = rust.read_bytes()
    return found


def crates(function, target):
    """Returns the third-party packages that are linked into a function, as `cargo metadata` describes them."""
    known = metadata(target)
    # Unlike cargo metadata, cargo tree selects the features of one function.
    tree = output(
        *("cargo", "tree", "--locked", "--package", function, "--target", target),
        *("--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"),
    )
    linked = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    packages = [known[name, version.removeprefix("v")] for name, version in sorted(linked)]
    return [package for package in packages if package["source"]]


@functools.cache
def metadata(target):
    """Returns the packages of the workspace by name and version."""
    text = output("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target)
    return {(package["name"], package["version"]): package for package in json.loads(text)["packages"]}


def output(*command):
    """Returns what a command prints; ends with its error if it fails."""
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    if run.returncode:
        sys.exit(f"licence: {' '.join(command[:2])} failed: {run.stderr.strip()}")
    return run.stdout


def document(function, packages):
    """Returns the list of packages, and each different text once."""
    users = {}
    for package in packages:
        for text in texts(package):
            users.setdefault(text, []).append(f"{package['name']} {package['version']}")
    parts = [f"Rust crates in {function}, each under the licence of its package\n\n"]
    parts += [f"{one['name']} {one['version']}: {one['license']}, {home(one)}\n" for one in packages]
    for text, names in users.items():
        parts.append(f"\n{'=' * 80}\n{', '.join(dict.fromkeys(names))}\n{'-' * 80}\n{text}\n")
    return "".join(parts)


def texts(package):
    """Returns the licence texts in a package, or the standard text if it has none."""
    folder = Path(package["manifest_path"]).parent
    found = [folder / package["license_file"]] if package["license_file"] else []
    found += sorted(file for file in folder.rglob("*") if file.is_file() and is_licence(file.relative_to(folder)))
    return [plain(file.read_text("utf-8", "replace")) for file in dict.fromkeys(found)] or [standard(package)]


def is_licence(path):
    """Whether this file of a package has a licence of compiled sources."""
    return bool(NAMES.fullmatch(path.name)) and path.suffix != ".rs" and not UNUSED & set(path.parts)


def standard(package):
    """Returns the standard text of a licence that the package offers."""
    offered = re.findall(r"[\w.+-]+", package["license"] or "")
    for name, file in STANDARD.items():
        if name in offered and "AND" not in offered:
            return plain(file.read_text("utf-8").replace("{copyright}", f"Copyright (c) the authors of {home(package)}"))
    sys.exit(
        f"licence: {package['name']} {package['version']} ({package['license']}) contains no licence text, "
        "and infra/licence.py has no standard text of its licence"
    )


def plain(text):
    """Returns a text with the line ends and margins that let equal texts be equal."""
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(lines).strip("\n")


def home(package):
    """Returns the address of a package's sources, or of the package."""
    return package["repository"] or f"https://crates.io/crates/{package['name']}"


if __name__ == "__main__":
    import build

    if not 2 <= len(sys.argv) <= 3 or sys.argv[-1] not in {sys.argv[1], *build.ARCHITECTURES}:
        sys.exit(__doc__)
    architecture = sys.argv[2] if len(sys.argv) == 3 else "arm64"
    print(document(sys.argv[1], crates(sys.argv[1], build.ARCHITECTURES[architecture][0])), end="")
