"""Compares each Korean document (`….ko.md`) with the English one beside it: code blocks, tables, names and defaults."""

import re
from pathlib import Path

from check import link

CODE_BLOCK = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
REQUIRED = {"**required**": "**필수**"}


def translations() -> list[Path]:
    """Korean documents of the repository."""
    return [document for document in link.documents() if document.name.endswith(".ko.md")]


def original(document: Path) -> Path:
    """The English document beside a Korean one."""
    return document.with_name(document.name.removesuffix(".ko.md") + ".md")


def rows(text: str) -> list[list[str]]:
    """Cells of all rows of all tables."""
    lines = CODE_BLOCK.sub("", text).splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line.startswith("|")]


def literal(cell: str) -> list[str]:
    """Names and values in a cell, in any order: code, or a cell without words."""
    return sorted(re.findall(r"`[^`]+`", cell)) or ([cell] if not re.search(r"[^\W\d_]", cell) else [])


def named(text: str) -> set[str]:
    """Inline code of a document: the names, values and commands that it mentions."""
    return set(re.findall(r"`([^`\n]+)`", CODE_BLOCK.sub("", text)))


def paragraphs(text: str) -> list[str]:
    """Kind of each paragraph and list item between the tables and code blocks: `-`, a number and a dot, or nothing."""
    lines = [line for line in CODE_BLOCK.sub("", text).splitlines() if line.strip() and not line.startswith(("#", "|"))]
    return [re.match(r" *(- |\d+\. )?", line)[0].strip() for line in lines]


def faults(english: str, korean: str) -> list[str]:
    """Differences of code blocks, headings, paragraphs, inline code and tables; the words between them are free."""
    found = []
    if CODE_BLOCK.findall(english) != CODE_BLOCK.findall(korean):
        found.append("the code blocks differ")
    levels = [re.findall(r"^(#+) ", CODE_BLOCK.sub("", text), re.MULTILINE) for text in (english, korean)]
    if levels[0] != levels[1]:
        found.append("the levels of the headings differ")
    if paragraphs(english) != paragraphs(korean):
        found.append(f"{len(paragraphs(korean))} paragraphs and list items, expected {len(paragraphs(english))} in the same order")
    found += [f"only one of the two mentions `{name}`" for name in sorted(named(english) ^ named(korean))]
    ours, theirs = rows(english), rows(korean)
    if [len(row) for row in ours] != [len(row) for row in theirs]:
        return [*found, "the tables have other numbers of rows or columns"]
    for our, their in zip(ours, theirs, strict=True):
        for cell, translated in zip(our[:2], their[:2], strict=True):
            is_same = REQUIRED[cell] == translated if cell in REQUIRED else literal(cell) == literal(translated)
            if not is_same:
                found.append(f"{translated}: expected the names and values of {cell}")
    return found
