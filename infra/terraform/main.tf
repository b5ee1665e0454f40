# One function deployed with Terraform instead of SAM: codebuild-slack with its role, rule, permission, failure queue and
# log group. Build the zip first: make build FN=codebuild-slack ARCH=arm64

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "name" {
  type    = string
  default = "nightshift-codebuild-slack"
}

variable "zip" {
  type        = string
  default     = "../../target/deploy/arm64/codebuild-slack.zip"
  description = "Zip that make build wrote"
}

variable "webhook_url_secret" {
  type        = string
  description = "Name of the secret with a Slack webhook URL"
}

data "aws_secretsmanager_secret" "webhook_url" {
  name = var.webhook_url_secret
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

resource "aws_sqs_queue" "failures" {
  name                      = "${var.name}-failures"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_iam_role" "function" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = var.name
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.function.arn}:*"
      },
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = data.aws_secretsmanager_secret.webhook_url.arn
      },
      {
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.failures.arn
      },
      {
        Effect   = "Allow"
        Action   = "logs:GetLogEvents"
        Resource = "arn:aws:logs:*:*:log-group:/aws/codebuild/*:log-stream:*"
      },
      {
        Effect   = "Allow"
        Action   = ["codebuild:BatchGetBuilds", "codebuild:ListBuildsForProject"]
        Resource = "arn:aws:codebuild:*:*:project/*"
      },
      {
        Effect   = "Allow"
        Action   = ["codebuild:BatchGetReports", "codebuild:DescribeTestCases"]
        Resource = "arn:aws:codebuild:*:*:report-group/*"
      },
    ]
  })
}

resource "aws_lambda_function" "function" {
  function_name    = var.name
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  role             = aws_iam_role.function.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["arm64"]
  memory_size      = 128
  timeout          = 120

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function.name
  }

  environment {
    variables = {
      SLACK_WEBHOOK_URL_SECRET = var.webhook_url_secret
      TIME_ZONE                = "Asia/Seoul"
      LOCALE                   = "ko"
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "function" {
  function_name          = aws_lambda_function.function.function_name
  maximum_retry_attempts = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failures.arn
    }
  }
}

resource "aws_cloudwatch_event_rule" "builds" {
  name = "${var.name}-builds"
  event_pattern = jsonencode({
    source      = ["aws.codebuild"]
    detail-type = ["CodeBuild Build State Change"]
    detail      = { build-status = ["SUCCEEDED", "FAILED", "STOPPED", "FAULT", "TIMED_OUT"] }
  })
}

resource "aws_cloudwatch_event_target" "builds" {
  rule = aws_cloudwatch_event_rule.builds.name
  arn  = aws_lambda_function.function.arn
}

resource "aws_lambda_permission" "builds" {
  function_name = aws_lambda_function.function.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.builds.arn
}
