import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from check import stack

#: A stand-in for the AWS command line: a stack of 121 resources in pages of 100, and aliases.
AWS = f"""#!{sys.executable}
import json, os, sys
import jmespath

state = os.environ["AWS_STATE"]
aliases = json.load(open(state))
command, given = sys.argv[1:3], dict(zip(sys.argv[3::2], sys.argv[4::2]))

def resource(kind, name, status="UPDATE_COMPLETE"):
    return {{"ResourceType": kind, "PhysicalResourceId": name, "ResourceStatus": status}}

if command[0] == "cloudformation":
    if given["--stack-name"] != "nightshift-dev":
        sys.exit("An error occurred (ValidationError): Stack with id x does not exist")
    every = [resource("AWS::SQS::Queue", f"queue-{{n}}") for n in range(117)]
    every.append(resource("AWS::Lambda::Function", "nightshift-dev-api-loopback"))
    every.append(resource("AWS::Lambda::Function", "nightshift-dev-stat-prep"))
    for name, version, status in (
        ("api-loopback", 6, "DELETE_SKIPPED"), ("api-loopback", 7, "CREATE_COMPLETE"), ("stat-prep", 3, "CREATE_COMPLETE")
    ):
        arn = f"arn:aws:lambda:ap-northeast-2:123456789012:function:nightshift-dev-{{name}}:{{version}}"
        every.append(resource("AWS::Lambda::Version", arn, status))
    if command[1] == "list-stack-resources":
        pages = [{{"StackResourceSummaries": every[i:i + 100]}} for i in range(0, len(every), 100)]
    else:
        pages = [{{"StackResources": every[:100]}}]
    for page in pages:
        for row in jmespath.search(given["--query"], page):
            print(row if isinstance(row, str) else "\\t".join(row))
elif command == ["lambda", "get-alias"]:
    print(aliases[given["--function-name"]])
elif command == ["lambda", "update-alias"]:
    if given["--function-version"] not in ("3", "6", "7"):
        sys.exit("An error occurred (ResourceNotFoundException)")
    assert given["--routing-config"] == "AdditionalVersionWeights={{}}"
    aliases[given["--function-name"]] = given["--function-version"]
    json.dump(aliases, open(state, "w"))
else:
    sys.exit(f"unknown: {{command}}")
"""
LOOPBACK, PREP = "nightshift-dev-api-loopback", "nightshift-dev-stat-prep"


class Rollback(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "aws").write_text(AWS)
        (self.folder / "aws").chmod(0o755)
        self.live({LOOPBACK: "6", PREP: "3"})

    def live(self, aliases):
        (self.folder / "state").write_text(json.dumps(aliases))

    def rollback(self, *arguments, fails=False):
        environment = os.environ | {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "AWS_STATE": str(self.folder / "state"),
        }
        command = ["sh", str(stack.ROOT / "infra/rollback.sh"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=environment)
        self.assertEqual(fails, done.returncode != 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def check_live(self, aliases):
        self.assertEqual(aliases, json.loads((self.folder / "state").read_text()))

    def test_functions_beyond_the_hundredth_resource_are_noted_and_put_back(self):
        self.rollback("note", "nightshift-dev", "versions")
        self.live({LOOPBACK: "7", PREP: "7"})
        self.assertIn(f"{LOOPBACK} was rolled back to version 6", self.rollback("back", "versions"))
        self.check_live({LOOPBACK: "6", PREP: "3"})

    def test_an_alias_that_went_back_follows_the_stack_again(self):
        output = self.rollback("forward", "nightshift-dev")
        self.assertEqual(f"{LOOPBACK} pointed at version 6, and now points at the stack's version 7\n", output)
        self.check_live({LOOPBACK: "7", PREP: "3"})
        self.assertEqual("", self.rollback("forward", "nightshift-dev"))

    def test_a_first_deployment_has_nothing_to_go_back_to(self):
        self.assertIn("nothing to record", self.rollback("note", "nightshift-new", "versions"))
        self.assertEqual("", self.rollback("back", "versions"))

    def test_one_that_cannot_go_back_does_not_keep_the_others(self):
        (self.folder / "versions").write_text(f"{PREP} 99\n{LOOPBACK} 7\n")
        self.assertIn(f"{PREP} was NOT rolled back to version 99", self.rollback("back", "versions", fails=True))
        self.check_live({LOOPBACK: "7", PREP: "3"})

    def test_without_a_command_it_says_what_there_is(self):
        self.assertIn("rollback.sh forward STACK", self.rollback(fails=True))
