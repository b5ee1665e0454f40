"""Parameters with which the templates are checked: the least, everything at once, and what differs from both."""

SECRET = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret"
KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = "arn:aws:sns:ap-northeast-2:123456789012:nightshift-alarms"
LAYER = "arn:aws:lambda:ap-northeast-2:123456789012:layer:certificates:3"
SUBNETS = "subnet-0123456789abcdef0,subnet-0123456789abcdef1"

#: The least parameters of each application.
LEAST = {
    "alarms": {},
    "api-loopback": {"Stage": "dev"},
    "apigw-log-retention": {"Stage": "dev"},
    "codebuild-slack": {"Stage": "dev", "WebhookUrlSecret": "slack-webhook"},
    "github": {"Stage": "dev", "Owner": "you", "OwnerId": "", "Repository": "nightshift", "RepositoryId": ""},
    "month": {"Stage": "dev", "DatabaseUrlSecret": "stat-database-url"},
    "s3-to-teamcity": {
        "Stage": "dev",
        "TeamcityUrl": "https://teamcity.example.com",
        "TeamcityTokenSecret": "teamcity-token",
        "UploadBucket": "nightshift-inbox",
        "BuildType": "Nightly_Import",
    },
}

_COMMON = {"AlarmTopicArn": TOPIC, "ReservedConcurrency": "5"}

#: Everything that can be requested at once.
FULL = {
    "alarms": {"AlarmMail": "night@example.com", "StackPrefix": "team-"},
    "api-loopback": LEAST["api-loopback"]
    | _COMMON
    | {
        "Authorization": "NONE",
        "DomainName": "echo.example.com",
        "CertificateArn": "arn:aws:acm:ap-northeast-2:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab",
        "HostedZoneId": "Z0123456789ABCDEFGHIJ",
        "OwnAccountRole": "true",
    },
    "apigw-log-retention": LEAST["apigw-log-retention"]
    | _COMMON
    | {
        "Rules": '[{"stage":"prod*","days":365}]',
        "CloudwatchRoleArn": "arn:aws:iam::123456789012:role/api-gateway-logs",
        "DryRun": "false",
        "Enforce": "true",
        "LogGroupRules": '[{"group":"/aws/lambda/*","days":30}]',
        "ExecutionLogDelivery": "log-group",
        "ReportTopicArn": TOPIC,
    },
    "codebuild-slack": {
        "Stage": "prod",
        "BotTokenSecret": f"{SECRET}:slack-bot-AbCdEf#token",
        "Channel": "C0123456789",
        "Routes": '[{"project":"web-*"}]',
        "Projects": "web,worker",
        "SecretsKeyArn": KEY,
    }
    | _COMMON,
    "github": {
        "Stage": "dev",
        "Owner": "you",
        "OwnerId": "123",
        "Repository": "nightshift",
        "RepositoryId": "456",
        "ProviderArn": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
    },
    "month": {
        "Stage": "prod",
        "DatabaseUrlSecret": f"{SECRET}:stat-database-url-AbCdEf#url",
        "DatabaseIamUser": "db-ABCDEFGHIJKL01234/stat",
        "DatabaseSchema": "nightshift",
        "DatabaseCaFile": "/opt/global-bundle.pem",
        "CertificatesLayerArn": LAYER,
        "SubnetIds": SUBNETS,
        "VpcId": "vpc-0123456789abcdef0",
        "EndpointRouteTableIds": "rtb-0123456789abcdef0",
        "PrepReservedConcurrency": "1",
        "ReportMail": "report@example.com",
        "ReportBucket": "reports.example.com",
        "ReportBucketKeyArn": KEY,
        "ReportLink": "presigned",
        "WordLists": "s3://words/building",
        "ReportExamples": "false",
        "SecretsKeyArn": KEY,
    }
    | _COMMON,
    "s3-to-teamcity": LEAST["s3-to-teamcity"]
    | {
        "TeamcityTokenSecret": f"{SECRET}:teamcity-AbCdEf#token",
        "UploadPrefix": "in/",
        "SubnetIds": SUBNETS,
        "SecurityGroupIds": "sg-0123456789abcdef0",
        "CertificatesLayerArn": LAYER,
        "TeamcityCaFile": "/opt/teamcity.pem",
        "SecretsKeyArn": KEY,
    }
    | _COMMON,
}

_OTHERS = {
    "s3-to-teamcity": {"by notification": {"UploadEvents": "notification"}},
    "month": {
        "with a secret of RDS": {
            "DatabaseUrlSecret": "",
            "DatabaseUrl": "postgres://stats.example.internal:5432/stats?sslmode=require",
            "DatabaseCredentialsSecret": f"{SECRET}:rds!db-1234-AbCdEf",
        },
        "with IAM authentication": {
            "DatabaseUrlSecret": "",
            "DatabaseUrl": "postgres://stat@stats.example.internal:5432/stats?sslmode=verify-full",
            "DatabaseIamUser": "db-ABCDEFGHIJKL01234/stat",
        },
        "in a VPC with given security groups": {"SubnetIds": SUBNETS, "SecurityGroupIds": "sg-0123456789abcdef0"}
    },
}

#: Every scenario: (application, name, parameters).
SCENARIOS = [
    (app, name, parameters)
    for app, least in LEAST.items()
    for name, parameters in {
        "least": least,
        "full": FULL[app],
        **({"triggers off": least | {"TriggersEnabled": "false"}} if app not in ("alarms", "api-loopback", "github") else {}),
        **{name: least | more for name, more in _OTHERS.get(app, {}).items()},
    }.items()
]
