"""Checks of infra/ that `sam validate --lint` and cfn-lint do not make: offline, without credentials, in seconds.

Each module checks one aspect and has functions that return faults as sentences; an empty list is good. The test beside
each module checks the real files, then breaks them to show that the fault is found.

    python -m unittest discover --start-directory infra/check --top-level-directory infra
"""
