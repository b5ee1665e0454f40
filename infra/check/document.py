"""Whether infra/README.md knows every parameter, every alarm and every output that a user meets."""

import re

from .stack import ROOT

README = ROOT / "infra/README.md"


def faults(text, written):
    """What the README lacks, and what it names that there is not."""
    found = []
    sections = dict(re.findall(r"^(#{2,3} [^\n]+)\n(.*?)(?=^#{2,3} |\Z)", text, re.MULTILINE | re.DOTALL))
    parameters = written["Parameters"]
    named = set(re.findall(r"^\| `([A-Za-z0-9]+)` \|", text, re.MULTILINE))
    found += [f"the template has no parameter {name}" for name in sorted(named - set(parameters))]
    rows = {name: row(name, parameter) for name, parameter in parameters.items()}
    found += [f"the parameters lack this row: {one}" for name, one in sorted(rows.items()) if one not in text]
    groups = written["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    if sorted(grouped) != sorted(written["Parameters"]):
        odd = set(grouped) ^ set(written["Parameters"]) or {n for n in grouped if grouped.count(n) > 1}
        found.append(f"the console's groups have not every parameter once: {', '.join(sorted(odd))}")
    runbook = set()
    for name, resource in written["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            page = re.search(
                r"Runbook, infra/README\.md, ([a-z-]+)$", resource["Properties"]["AlarmDescription"]
            )
            if not page or f"### {page[1]}" not in sections:
                found.append(f"the runbook has no page for the alarm {name}")
            else:
                runbook.add(page[1])
                if not resource["Properties"]["AlarmName"]["Fn::Sub"].endswith(f"-{page[1]}"):
                    found.append(f"the name of the alarm {name} does not end with {page[1]}")
    pages = {heading.removeprefix("### ") for heading in _under(text, "## Runbook")}
    found += [f"no alarm leads to the runbook's page {page}" for page in sorted(pages - runbook)]
    return found


def row(name, parameter):
    """A parameter's row in its table, as the template describes it."""
    default = parameter.get("Default")
    default = "**must be given**" if default is None else f"`{default}`" if default != "" else "–"
    values = [str(value) for value in parameter.get("AllowedValues", [])]
    is_told = 2 <= len(values) <= 4 and set(values) != {"true", "false"}
    choice = f" ({', '.join(f'`{value}`' for value in values)})" if is_told else ""
    return f"| `{name}` | {default} | {parameter['Description']}{choice} |"


def _under(text, heading):
    part = text.split(f"\n{heading}\n", 1)[-1].split("\n## ", 1)[0]
    return re.findall(r"^### .+$", part, re.MULTILINE)
