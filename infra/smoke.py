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

from check import settings, stack

MARKS = {True: "✓", False: "✗", None: "–"}


def main(app, stage):
    try:
        options = settings.options(app, stage)
    except KeyError as error:
        sys.exit(f"smoke: {error.args[0]}")
    session = boto3.Session(region_name=options["region"])
    outputs = outputs_of(session, options["stack_name"])
    names = [value for name, value in outputs.items() if name.endswith("Name") and name != "ReportBucketName"]
    functions = [name for name in names if name.startswith(options["stack_name"])]
    if not functions:
        sys.exit(f"smoke: the stack {options['stack_name']} has no functions")
    failed = [function for function in functions if not check(session.client("lambda"), function)]
    if app == "api-loopback":
        script = stack.ROOT / "crates/api-loopback/smoke.py"
        # With credentials the script signs its requests.
        run = subprocess.run([sys.executable, script, outputs["Url"]], env=os.environ | {"AWS_REGION": options["region"]})
        failed += ["the API"] if run.returncode else []
    if failed:
        sys.exit(f"smoke: {', '.join(failed)}: a check failed; see the lines marked ✗")


def outputs_of(session, name):
    """Returns the outputs of a stack."""
    [found] = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


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
