"""Checks the deployed functions of a stage: smoke.py APP STAGE

Sends {"check":true} to the alias "live" of every function and prints the result of each check. A function changes
nothing for it. Exits 1 if a check fails, except for one about another system ("… reachable"), which is a warning: a
system that is down must not block the deployment of a fix. For api-loopback it also sends signed requests to the API.
"""

import json
import os
import subprocess
import sys

import boto3
import botocore.config
import botocore.exceptions

from check import settings, stack
from deploy import SIGN_IN

MARKS = {True: "✓", False: "✗", None: "–"}
# The longest timeout of a function that is checked, and the response's way.
CONFIG = botocore.config.Config(read_timeout=310, retries={"total_max_attempts": 3, "mode": "standard"})


def main(app, stage):
    try:
        options = settings.options(app, stage)
    except KeyError as error:
        sys.exit(f"smoke: {error.args[0]}")
    name, session = options["stack_name"], boto3.Session(region_name=options["region"])
    try:
        functions = functions_of(session, name)
        failed = [function for function in functions if not check(session.client("lambda", config=CONFIG), function)]
        url = output(session, name, "Url") if app == "api-loopback" else None
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        advice = f"; {SIGN_IN}" if isinstance(error, botocore.exceptions.NoCredentialsError) else ""
        sys.exit(f"smoke: stack {name} in {options['region']}: {error}{advice}")
    if not functions:
        sys.exit(f"smoke: the stack {name} has no functions")
    if url:
        script = stack.ROOT / "crates/api-loopback/smoke.py"
        # With credentials the script signs its requests.
        run = subprocess.run([sys.executable, script, url], env=os.environ | {"AWS_REGION": options["region"]})
        failed += ["the API"] if run.returncode else []
    if failed:
        sys.exit(f"smoke: {', '.join(failed)}: a check failed; see the lines marked ✗")


def functions_of(session, name):
    """Returns the names of a stack's functions."""
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == "AWS::Lambda::Function"]


def output(session, name, key):
    """Returns an output of a stack."""
    [found] = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return next(one["OutputValue"] for one in found["Outputs"] if one["OutputKey"] == key)


def check(client, function):
    """Sends the check event and prints the response. Returns whether the deployment itself is sound."""
    response = client.invoke(FunctionName=function, Qualifier="live", Payload=json.dumps({"check": True}))
    payload = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        print(f"{function}\n  ✗ {payload.get('errorType')}: {payload.get('errorMessage')}")
        return False
    print(f"{function}, version {payload['version']}")
    sound = True
    for one in payload["checks"]:
        is_warning = one["ok"] is False and one["name"].endswith(" reachable")
        sound &= one["ok"] is not False or is_warning
        print(f"  {'!' if is_warning else MARKS[one['ok']]} {one['name']}: {one['detail']}")
    return sound


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
