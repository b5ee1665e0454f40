"""Evaluates EventBridge event patterns, as far as the templates use them, on the events in `events/`.

(Amazon EventBridge User Guide, Comparison operators.) An unknown operator is an error, not a match.
"""

import fnmatch
import json

from .stack import ROOT, of_type

EVENTS = ROOT / "events"


def matched(made):
    """Returns the events in `events/` that each rule matches, as names like `crate/case`, by the rule's name."""
    events = {
        f"{file.parent.name}/{file.stem}": json.loads(file.read_text()) for file in EVENTS.glob("*/*.json")
    }
    return {
        name: {case for case, event in events.items() if matches(rule["EventPattern"], event)}
        for name, rule in of_type(made, "AWS::Events::Rule").items()
    }


def matches(pattern, event):
    """Returns whether an event matches: every field of the pattern must match."""
    for field, wanted in pattern.items():
        if field == "$or":
            if not any(matches(one, event) for one in wanted):
                return False
            continue
        is_there = isinstance(event, dict) and field in event
        value = event[field] if is_there else None
        if isinstance(wanted, dict):
            if not (is_there and matches(wanted, value)):
                return False
        elif isinstance(wanted, list):
            # A list in the event matches if one of its elements does.
            values = value if isinstance(value, list) else [value]
            if not any(_fits(filter_, one, is_there) for filter_ in wanted for one in values):
                return False
        else:
            raise ValueError(f"{field}: EventBridge takes values in arrays, not {wanted!r}")
    return True


def _fits(filter_, value, is_there):
    if not isinstance(filter_, dict):
        return is_there and type(filter_) is type(value) and filter_ == value
    [(operator, operand)] = filter_.items()
    match operator:
        case "exists":
            return is_there == operand
        case "prefix" | "suffix" if isinstance(operand, dict):
            inner = {operator: operand["equals-ignore-case"].lower()}
            return isinstance(value, str) and _fits(inner, value.lower(), is_there)
        case "prefix":
            return isinstance(value, str) and value.startswith(operand)
        case "suffix":
            return isinstance(value, str) and value.endswith(operand)
        case "equals-ignore-case":
            return isinstance(value, str) and value.lower() == operand.lower()
        case "wildcard":
            return isinstance(value, str) and fnmatch.fnmatchcase(
                value, operand.replace("[", "[[]").replace("?", "[?]")
            )
        case "anything-but":
            operands = operand if isinstance(operand, list) else [operand]
            return is_there and not any(_fits(one, value, is_there) for one in operands)
    raise ValueError(f"unknown operator {operator}")
