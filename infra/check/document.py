"""Whether infra/README.md knows every parameter, every alarm and every output that a user meets."""

import re

from .stack import ROOT

README = ROOT / "infra/README.md"


def faults(text, written):
    """What the README lacks, and what it names that there is not."""
    found = []
    sections = dict(re.findall(r"^(#{2,3} [^\n]+)\n(.*?)(?=^#{2,3} |\Z)", text, re.MULTILINE | re.DOTALL))
    rows = set(re.findall(r"^\| `([A-Za-z0-9]+)` \|", text, re.MULTILINE))
    found += [f"the parameter {name} is in no table" for name in sorted(set(written["Parameters"]) - rows)]
    found += [f"the template has no parameter {name}" for name in sorted(rows - set(written["Parameters"]))]
    groups = written["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    if sorted(grouped) != sorted(written["Parameters"]):
        odd = set(grouped) ^ set(written["Parameters"]) or {n for n in grouped if grouped.count(n) > 1}
        found.append(f"the console's groups have not every parameter once: {', '.join(sorted(odd))}")
    runbook = set()
    for name, resource in written["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            page = re.search(r"Runbook, infra/README\.md, ([a-z-]+)$", resource["Properties"]["AlarmDescription"])
            if not page or f"### {page[1]}" not in sections:
                found.append(f"the runbook has no page for the alarm {name}")
            else:
                runbook.add(page[1])
                if not resource["Properties"]["AlarmName"]["Fn::Sub"].endswith(f"-{page[1]}"):
                    found.append(f"the name of the alarm {name} does not end with {page[1]}")
    pages = {heading.removeprefix("### ") for heading in _under(text, "## Runbook")}
    found += [f"no alarm leads to the runbook's page {page}" for page in sorted(pages - runbook)]
    return found


def _under(text, heading):
    part = text.split(f"\n{heading}\n", 1)[-1].split("\n## ", 1)[0]
    return re.findall(r"^### .+$", part, re.MULTILINE)
