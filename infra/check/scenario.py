"""Stacks that people make: the parameters with which the template is looked at."""

SECRET = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret"
KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

S3_TO_TEAMCITY = {
    "EnableS3ToTeamcity": "true",
    "TeamcityUrl": "https://teamcity.example.com",
    "TeamcityTokenSecretArn": f"{SECRET}:teamcity-AbCdEf#token",
    "TeamcityBuildType": "Nightly_Import",
    "UploadBucket": "nightshift-inbox",
}
STATISTICS = {
    "EnableStatPrep": "true",
    "EnableStatAnalysis": "true",
    "DatabaseUrl": "postgres://stats.example.internal:5432/stats?sslmode=require",
    "DatabaseCredentialsSecretArn": f"{SECRET}:rds!db-1234-AbCdEf",
}
APIGW_LOG_RETENTION = {"EnableApigwLogRetention": "true"}
CODEBUILD_SLACK = {
    "EnableCodebuildSlack": "true",
    "SlackWebhookUrlSecretArn": f"{SECRET}:slack-AbCdEf",
}
API_LOOPBACK = {"EnableApiLoopback": "true"}
VPC = {
    "VpcId": "vpc-0123456789abcdef0",
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
}

DEV = {"Stage": "dev", "DeploymentType": "AllAtOnce"}
PROD = {"Stage": "prod"}
ALL = S3_TO_TEAMCITY | STATISTICS | APIGW_LOG_RETENTION | CODEBUILD_SLACK | API_LOOPBACK

#: Everything that can be asked for, at once.
EVERY_OPTION = (
    PROD
    | ALL
    | VPC
    | {
        "AlarmMail": "night@example.com",
        "ReportMail": "report@example.com",
        "SecretsKeyArn": KEY,
        "CertificatesLayerArn": "arn:aws:lambda:ap-northeast-2:123456789012:layer:certificates:3",
        "CreateVpcEndpoints": "true",
        "RouteTableIds": "rtb-0123456789abcdef0",
        "TeamcityInVpc": "true",
        "TeamcityCaFile": "/opt/teamcity.pem",
        "UploadPrefix": "in/",
        "DatabaseCaFile": "/opt/global-bundle.pem",
        "ReportBucketKeyArn": KEY,
        "ReportLink": "presigned",
        "UserDictionary": "s3://words/building/user.csv",
        "StopWords": "s3://words/building/stop.txt",
        "CloudwatchRoleArn": "arn:aws:iam::123456789012:role/api-gateway-logs",
        "SlackWebhookUrlSecretArn": "",
        "SlackBotTokenSecretArn": f"{SECRET}:slack-bot-AbCdEf",
        "SlackChannel": "C0123456789",
        "CodebuildProjects": "web,worker",
        "LoopbackDomain": "echo.example.com",
        "LoopbackCertificateArn": "arn:aws:acm:ap-northeast-2:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab",
        "LoopbackHostedZoneId": "Z0123456789ABCDEFGHIJ",
    }
)

SCENARIOS = {
    "nothing yet": DEV,
    "s3-to-teamcity alone": DEV | S3_TO_TEAMCITY,
    "the statistics alone": DEV | STATISTICS,
    "apigw-log-retention alone": DEV | APIGW_LOG_RETENTION,
    "codebuild-slack alone": DEV | CODEBUILD_SLACK,
    "api-loopback alone": DEV | API_LOOPBACK,
    "all functions in dev": DEV | ALL,
    "all functions in prod": PROD | ALL,
    "all in prod on x86-64, owning the account's role": PROD
    | ALL
    | {"Architecture": "x86_64", "ApiGatewayAccountRole": "true", "AnalysisConcurrency": "0"},
    "uploads by notification, reports into a given bucket, whole database address": PROD
    | S3_TO_TEAMCITY
    | STATISTICS
    | {
        "UploadEvents": "notification",
        "ReportBucket": "reports.example.com",
        "DatabaseUrl": "",
        "DatabaseCredentialsSecretArn": "",
        "DatabaseUrlSecretArn": f"{SECRET}:stats-AbCdEf#url",
    },
    "in a VPC with a group of its own": PROD | STATISTICS | VPC | {"SecurityGroupIds": "sg-0123456789abcdef0"},
    "in a VPC, TeamCity alone": PROD | S3_TO_TEAMCITY | VPC | {"TeamcityInVpc": "true"},
    "every option": EVERY_OPTION,
}
