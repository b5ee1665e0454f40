"""Checks schedules and time zones as EventBridge Scheduler does."""

import re
import zoneinfo

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
#: Name, minimum, maximum, names of values, and further letters that are allowed.
FIELDS = [
    ("minute", 0, 59, [], ""),
    ("hour", 0, 23, [], ""),
    ("day of the month", 1, 31, [], "?LW"),
    ("month", 1, 12, MONTHS, ""),
    ("day of the week", 1, 7, DAYS, "?L#"),
    ("year", 1970, 2199, [], ""),
]


def faults(expression, zone):
    """Returns the faults of a schedule. (EventBridge Scheduler User Guide, Schedule types.)"""
    found = []
    if zone not in zoneinfo.available_timezones():
        found.append(f"{zone} is not a time zone")
    match re.fullmatch(r"(cron|rate|at)\((.*)\)", expression.strip()):
        case None:
            found.append(f"{expression!r} is neither cron(…), rate(…) nor at(…)")
        case match if match[1] == "cron":
            found += _cron(match[2])
        case match if match[1] == "rate":
            found += _rate(match[2])
        case match:
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", match[2]):
                found.append(f"at({match[2]}) is not a time, expected at(yyyy-mm-ddThh:mm:ss)")
    return found


def _rate(text):
    match = re.fullmatch(r"([1-9]\d*) (minute|minutes|hour|hours|day|days)", text)
    if not match:
        return [f"rate({text}) is not a rate, expected for example rate(1 hour)"]
    if (match[1] == "1") == match[2].endswith("s"):
        return [f"rate({text}): expected the singular for 1 and the plural otherwise, as in rate(1 hour) and rate(2 hours)"]
    return []


def _cron(text):
    values = text.split()
    if len(values) != 6:
        return [f"cron({text}) has {len(values)} fields, expected 6"]
    found = []
    for value, field in zip(values, FIELDS, strict=True):
        if any(not _fits(part, *field[1:]) for part in value.upper().split(",")):
            found.append(f"cron({text}): {value} is not a valid {field[0]}")
    if [values[2], values[4]].count("?") != 1:
        found.append(f"cron({text}): expected ? for exactly one of day of the month and day of the week")
    return found


def _fits(part, least, greatest, names, letters):
    def is_number(text):
        if text in names:
            return True
        return text.isdigit() and least <= int(text) <= greatest

    if part == "*" or (part == "?" and "?" in letters):
        return True
    if "L" in letters and re.fullmatch(r"L|\d+L", part):
        return True
    if "W" in letters and re.fullmatch(r"LW|\d+W", part):
        return True
    if "#" in letters and re.fullmatch(r"[1-7]#[1-5]", part):
        return True
    start, step, every = part.partition("/")
    if step and not (every.isdigit() and int(every) > 0):
        return False
    first, dash, last = start.partition("-")
    if dash:
        return is_number(first) and is_number(last)
    return is_number(start) or (bool(step) and start == "*")
