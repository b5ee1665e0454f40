"""The smallest loop around a Python handler that the Runtime API allows: `runtime.py module`."""

import http.client
import importlib
import json
import os
import sys

lambda_handler = importlib.import_module(sys.argv[1]).lambda_handler


def main():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = api.getresponse()
        request_id = answer.headers["lambda-runtime-aws-request-id"]
        result = json.dumps(lambda_handler(json.loads(answer.read()), None), default=str)
        api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", result)
        api.getresponse().read()


main()
