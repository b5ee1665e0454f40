"""Reads the stage of CloudTrail's event and sets the retention of its log groups, as a blog post's script does."""

import boto3

api_gateway = boto3.client("apigateway")
logs = boto3.client("logs")


def lambda_handler(event, context):
    parameters = event["detail"]["requestParameters"]
    api, stage = parameters["restApiId"], parameters["createStageInput"]["stageName"]
    api_gateway.get_stage(restApiId=api, stageName=stage)
    group = f"API-Gateway-Execution-Logs_{api}/{stage}"
    try:
        logs.create_log_group(logGroupName=group)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    return {"logGroup": group}
