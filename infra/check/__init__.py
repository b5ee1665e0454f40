"""What `sam validate --lint` and cfn-lint miss about infra/: offline, without credentials, in seconds.

Each module looks at one thing and has functions that return faults as sentences; an empty list is good. Beside each
stands its test, which asks the real files for faults and then breaks something to see that it is found.

    python -m unittest discover --start-directory infra/check --top-level-directory infra
"""
