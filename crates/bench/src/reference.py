"""The reference of `make bench`: a Lambda function with two clients of boto3, as tutorials write it, and the smallest loop
around it that the Runtime API allows."""

import http.client
import json
import os

import boto3

sns = boto3.client("sns")
functions = boto3.client("lambda")


def lambda_handler(event, context):
    return {"event": event}


def main():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = api.getresponse()
        request_id = answer.headers["lambda-runtime-aws-request-id"]
        result = json.dumps(lambda_handler(json.loads(answer.read()), None))
        api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", result)
        api.getresponse().read()


main()
