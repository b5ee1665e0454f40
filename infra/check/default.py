"""Compares the defaults in the crates' READMEs with those in the code, where the code has a literal."""

import re

from .rust import CRATES, code

#: `variables.number("MAX_BYTES", 1_000_000, 0)`, `variables.boolean("ENFORCE", false)`, `….text("SKIP_TAG").unwrap_or("a")`.
LITERAL = re.compile(
    r"""\.(?:number|boolean|parsed)\(\s*"([A-Z_0-9]+)",\s*([\d_]+|true|false)\s*[,)]"""
    r"""|\.text\("([A-Z_0-9]+)"\)\s*\.unwrap_or\("([^"]*)"\)"""
)


def defaults(source):
    """Returns the literal defaults by variable."""
    groups = (match.groups() for match in LITERAL.finditer(source))
    return {number or text: (value or string).replace("_", "") if number else string for number, value, text, string in groups}


def faults(function, readme, source):
    """Returns the variables for which the README has another default than the code."""
    found = []
    for variable, expected in defaults(source).items():
        row = re.search(rf"^\| `{variable}`[^|]*\| `?([^|`]*)`? \|", readme, re.MULTILINE)
        if not row:
            found.append(f"{function}: the README has no row for {variable}")
        elif row[1] != expected:
            found.append(f"{function}: the README has {row[1]} for {variable}, the code {expected}")
    return found


def read(function):
    """Returns a function's README and its configuration without tests."""
    return (CRATES / function / "README.md").read_text(), code(CRATES / function / "src/config.rs")
