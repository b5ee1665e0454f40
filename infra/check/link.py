"""Links between the Markdown files of the repository."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def documents() -> list[Path]:
    """Markdown files of the repository."""
    patterns = ("*.md", ".github/**/*.md", "crates/**/*.md", "docs/**/*.md", "infra/**/*.md")
    return sorted(file for pattern in patterns for file in ROOT.glob(pattern))


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def faults(document: Path, text: str) -> list[str]:
    """Relative links and pictures to a file or heading that does not exist."""
    prose = re.sub(r"^ *```.*?^ *```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    found = []
    for link in re.findall(r"\]\(([^()\s]+)\)", prose) + re.findall(r'<img [^>]*src="([^"]+)"', prose):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = document.parent / path if path else document
        if not target.exists():
            found.append(f"{link}: no such file")
        elif anchor and anchor not in anchors(text if target == document else target.read_text()):
            found.append(f"{link}: no such heading")
    return found
