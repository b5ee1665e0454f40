"""Queues a TeamCity build for an upload, as a blog post's script does: the first record, without a look at what is there."""

import json
import os
import urllib.parse
import urllib.request

import boto3

s3 = boto3.client("s3")


def lambda_handler(event, context):
    record = event["Records"][0]["s3"]
    key = urllib.parse.unquote_plus(record["object"]["key"])
    body = {
        "buildType": {"id": os.environ["TEAMCITY_BUILD_TYPE"]},
        "properties": {"property": [{"name": "env.UPLOAD_KEY", "value": key}]},
    }
    request = urllib.request.Request(
        os.environ["TEAMCITY_URL"] + "/app/rest/buildQueue",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["TEAMCITY_TOKEN"],
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
    )
    with urllib.request.urlopen(request) as response:
        return {"build": json.load(response)["id"]}
