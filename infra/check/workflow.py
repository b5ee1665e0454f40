"""Checks the workflows for what actionlint does not: code that others can change, and long-lived credentials."""

import re

from .stack import ROOT

WORKFLOWS = ROOT / ".github/workflows"


def variables(text):
    """Returns the variables of GitHub that a workflow reads."""
    return set(re.findall(r"\bvars\.([A-Z_]+)", text))


def faults(text):
    """Returns the faults of one workflow."""
    found = []
    for use in re.findall(r"^\s*(?:- )?uses: (.+)$", text, re.MULTILINE):
        if not re.fullmatch(r"\./\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use):
            found.append(f"{use} is not pinned to a commit with its version in a comment")
    if re.search(r"aws-access-key-id|AWS_SECRET_ACCESS_KEY", text):
        found.append("it uses a long-lived key instead of OpenID Connect")
    if "actions/checkout@" in text and text.count("persist-credentials: false") != text.count("actions/checkout@"):
        found.append("a checkout keeps GitHub's token")
    if not re.search(r"^permissions:\n  contents: read\n", text, re.MULTILINE):
        found.append("its permissions are not reduced to reading")
    if "stage.yml" in text and re.search(r"^concurrency:", text, re.MULTILINE):
        found.append("a run that waits for an approval blocks the next one")
    if "make deploy" in text and not re.search(r"make deploy.*rollback\.sh forward.*make smoke", text, re.DOTALL):
        found.append("a second run after a rollback would test the old version")
    return found
