"""Compares the READMEs in infra/ with the templates: parameters, alarms and the runbook."""

import re

from .stack import INFRA

RUNBOOK = INFRA / "README.md"


def readme(app):
    """Returns the README of an application's stack."""
    return (INFRA / app / "README.md").read_text()


def faults(text, written):
    """Returns parameters that the README lacks, and names that the template does not have."""
    parameters = {name: p for name, p in written["Parameters"].items() if not name.endswith("Revision")}
    named = set(re.findall(r"^\| `([A-Za-z0-9]+)` \|", text, re.MULTILINE))
    found = [f"the template has no parameter {name}" for name in sorted(named - set(parameters))]
    rows = {name: row(name, parameter) for name, parameter in parameters.items()}
    return found + [f"the README lacks this row: {one}" for name, one in sorted(rows.items()) if one not in text]


def cut_descriptions(text):
    """Returns the plain descriptions in a template that YAML ends at a #, because a space precedes it."""
    return re.findall(r"^ *Description: [^\"'>|\n][^\n]* #[^\n]*$", text, re.MULTILINE)


def runbook_faults(text, templates):
    """Returns alarms without a page in the runbook, and pages without an alarm."""
    found, used = [], set()
    for written in templates:
        for name, resource in written["Resources"].items():
            if resource["Type"] != "AWS::CloudWatch::Alarm":
                continue
            page = re.search(r"Runbook: ([a-z-]+)$", resource["Properties"]["AlarmDescription"])
            if not page or f"\n### {page[1]}\n" not in text:
                found.append(f"the runbook has no page for the alarm {name}")
            else:
                used.add(page[1])
                if not resource["Properties"]["AlarmName"]["Fn::Sub"].endswith(f"-{page[1]}"):
                    found.append(f"the name of the alarm {name} does not end with {page[1]}")
    runbook = text.split("\n## Runbook\n", 1)[-1].split("\n## ", 1)[0]
    pages = set(re.findall(r"^### ([a-z-]+)$", runbook, re.MULTILINE))
    return found + [f"no alarm refers to the runbook's page {page}" for page in sorted(pages - used)]


def row(name, parameter):
    """Returns a parameter's row in the README's table."""
    default = parameter.get("Default")
    default = "**required**" if default is None else f"`{default}`" if default != "" else "–"
    values = [str(value) for value in parameter.get("AllowedValues", [])]
    is_listed = 2 <= len(values) <= 4 and set(values) != {"true", "false"}
    choice = f" ({', '.join(f'`{value}`' for value in values)})" if is_listed else ""
    return f"| `{name}` | {default} | {parameter['Description']}{choice} |"
