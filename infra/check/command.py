"""The commands in the documents: their make targets, variables, applications, crates, events and files exist."""

import functools
import re
import shlex

import tomlkit

from .stack import APPLICATIONS, INFRA, ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
#: Variables of the Makefile, and those that its scripts read.
VARIABLES = set(re.findall(r"(?:\$\(|\b)([A-Z]+)(?:=| \?=|\))", MAKEFILE)) | {"RELEASES"}
#: Folders whose files are in the repository.
FOLDER = re.compile(r"(?:infra|crates|events|docs|\.ci|\.github)/[\w./-]+")


def commands(text):
    """Returns the command lines in the shell blocks and in inline code."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = [code for code in re.findall(r"`([^`\n]+)`", prose) if re.match(r"(make|cargo) ", code)]
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        found += [line.strip() for line in block.replace("\\\n", " ").splitlines() if line.strip()]
    return found


def files(text):
    """Returns the paths in inline code: `infra/check/command.py`."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [code for code in re.findall(r"`([^`\n]+)`", prose) if FOLDER.fullmatch(code)]


def faults(text):
    """Returns what a document names and the repository does not have."""
    found = [f"{file}: no such file" for file in files(text) if not (ROOT / file).exists()]
    for command in commands(text):
        words = split(command)
        if "make" in words:
            found += make_faults(words[words.index("make") + 1 :])
        if "cargo" in words:
            found += cargo_faults(words[words.index("cargo") + 1 :])
        paths = [path for word in words for path in FOLDER.findall(word) if word.startswith(path)]
        found += [f"{path}: no such file" for path in paths if not (ROOT / path).exists()]
    return found


def map_faults(text):
    """Returns the source files in ARCHITECTURE's code map that a crate does not have."""
    found = []
    for crate, description in re.findall(r"^- `crates/([\w-]+)`: (.*)$", text, re.MULTILINE):
        folder = ROOT / "crates" / crate
        names = re.findall(r"`(\w[\w/]*(?:\.rs|/))`", description)
        found += [f"{crate} has no {name}" for name in names if not (folder / name).exists() and not (folder / "src" / name).exists()]
    return found


def split(command):
    """Returns the words of a command, up to its comment; a placeholder may have an open quotation mark."""
    try:
        return shlex.split(command, comments=True)
    except ValueError:
        return command.split()


def make_faults(words):
    """Returns the unknown parts of the words after `make`."""
    given = dict(word.split("=", 1) for word in words if "=" in word)
    targets = [word for word in words if re.fullmatch(r"[a-z][a-z-]+", word)]
    found = [f"make {target}: no such target" for target in targets[:1] if target not in TARGETS]
    found += [f"{name}=: no such variable of make" for name in given if name not in VARIABLES]
    app, function, event = (named(given.get(name)) for name in ("APP", "FN", "EVENT"))
    if app and app not in APPLICATIONS:
        found.append(f"APP={app}: no such application")
    elif app and named(given.get("STAGE")) and given["STAGE"] not in stages(app):
        found.append(f"STAGE={given['STAGE']}: infra/{app}/samconfig.toml has no such stage")
    if function and not (ROOT / "crates" / function).exists():
        found.append(f"FN={function}: no such function")
    if event and function and not (ROOT / "events" / function / f"{event}.json").exists() and not (ROOT / event).exists():
        found.append(f"EVENT={event}: no such case in events/{function}")
    return found


def cargo_faults(words):
    """Returns the unknown crates and programs of the words after `cargo`."""
    values = {option: value for option, value in zip(words, words[1:])}
    crate = named(values.get("-p") or values.get("--package"))
    if not crate:
        return []
    folder = ROOT / "crates" / crate
    if not folder.exists():
        return [f"cargo -p {crate}: no such crate"]
    found = []
    for option, place in (("--test", "tests"), ("--example", "examples"), ("--bin", "src/bin")):
        name = named(values.get(option))
        if name and name != crate and not any((folder / place / f"{name}{end}").exists() for end in (".rs", "")):
            found.append(f"cargo {option} {name}: {crate} has none")
    return found


def named(value):
    """Returns a value, or None for a placeholder."""
    return value if value and re.fullmatch(r"[\w./-]+", value) and value != "name" else None


@functools.cache
def stages(app):
    """Returns the stages of an application."""
    config = tomlkit.parse((INFRA / app / "samconfig.toml").read_text()).unwrap()
    return {name for name, value in config.items() if isinstance(value, dict)}
