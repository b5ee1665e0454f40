"""Posts a line about a build to a Slack webhook, as a blog post's script does."""

import json
import os
import urllib.request

import boto3

codebuild = boto3.client("codebuild")


def lambda_handler(event, context):
    detail = event["detail"]
    text = f"{detail['project-name']}: {detail['build-status']}"
    request = urllib.request.Request(
        os.environ["SLACK_WEBHOOK_URL"],
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return {"status": response.status}
