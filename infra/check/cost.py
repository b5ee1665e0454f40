"""What an application costs per month, for the table of infra/README.md."""

from . import rust, stack
from .scenario import LEAST

#: US dollars in ap-northeast-2, in the order of the README's table, which has their sources.
PRICES = {
    "lambda_gb_second": 0.0000133334,
    "lambda_request": 0.20e-6,
    "log_gb": 0.76,
    "alarm": 0.10,
    "metric": 0.30,
    "trace": 5.00e-6,
    "queue_request": 0.40e-6,
    "secret": 0.40,
    "table_write": 0.68e-6,
    "endpoint_hour": 0.013,
    "nat_hour": 0.059,
}
HOURS = 730
#: A state transition of Step Functions in ap-northeast-2.
STATE_TRANSITION = 0.0271e-3

#: Assumptions: seconds and bytes logged of one event, texts analysed per second, sweeps, requests to API Gateway per second.
EVENT_SECONDS, EVENT_BYTES = 1, 2000
TEXTS_PER_SECOND = 1000
SWEEPS, SWEEP_REQUESTS_PER_SECOND = 30, 4

#: Metrics that each function emits every hour in which it works.
METRICS = {
    "codebuild-slack": ["EventsSkipped", "MessagesPosted", "MessagesUpdated", "PostsInDoubt"],
    "s3-to-teamcity": ["BuildsKnown", "BuildsQueued", "DeadLetters", "UploadsFailed", "UploadsNotQueued", "UploadsSkipped"],
    "stat-prep": ["MonthUnfinished"],
    "apigw-log-retention": [
        "AccountRoleUnusable", "LogGroupsChanged", "StagesChanged", "StagesFailed", "StagesFound", "StagesLeft",
        "StagesSkipped", "SweepUnfinished",
    ],
}


def rows():
    """Returns the costs of each application in three sizes."""
    return {
        "codebuild-slack": [_builds(1_500, 0), _builds(6_000 * 11, 3), _builds(20_000 * 11, 3)],
        "s3-to-teamcity": [_uploads(6_000), _uploads(30_000), _uploads(100_000)],
        "month": [_month(100_000, 0), _month(1_000_000, endpoints()), _month(5_000_000, endpoints())],
        "apigw-log-retention": [_sweeps(20), _sweeps(200), _sweeps(2_000)],
        "api-loopback": [_alarms("api-loopback")] * 3,
    }


def texts(number):
    """Returns the cost of analysing texts: by Nightshift, in Python with KoNLPy, and by Step Functions' distributed map.

    KoNLPy's fastest analyser needs five times as long. The map has one state transition for each text.
    """
    ours = _seconds(number / TEXTS_PER_SECOND, 1769)
    return {
        "Nightshift": ours,
        "KoNLPy in Python": 5 * ours,
        "Step Functions' distributed map": number * STATE_TRANSITION + ours,
    }


def endpoints():
    """Returns the cost of the three interface endpoints of the month's stack in two zones."""
    return 3 * 2 * HOURS * PRICES["endpoint_hour"]


def nat_gateway():
    """Returns the cost of a NAT gateway without its traffic."""
    return HOURS * PRICES["nat_hour"]


def _builds(events, writes):
    fixed = _alarms("codebuild-slack") + PRICES["secret"] + _metrics("codebuild-slack")
    return fixed + _events(events) + events * writes * PRICES["table_write"]


def _uploads(uploads):
    # Lambda polls an idle queue with five requests of 20 s; an upload is sent, received and deleted.
    polling = 5 * 3 * 60 * HOURS
    fixed = _alarms("s3-to-teamcity") + PRICES["secret"] + _metrics("s3-to-teamcity")
    return fixed + _events(uploads) + (polling + 3 * uploads) * PRICES["queue_request"]


def _month(texts, network):
    fixed = _alarms("month") + PRICES["secret"] + _metrics("stat-prep")
    return fixed + network + _seconds(texts / TEXTS_PER_SECOND, 1769) + _events(HOURS)


def _sweeps(stages):
    # The metrics are emitted in one hour of the day.
    fixed = _alarms("apigw-log-retention") + _metrics("apigw-log-retention") / 24
    return fixed + SWEEPS * _seconds(stages / SWEEP_REQUESTS_PER_SECOND, 128)


def _events(number):
    each = _seconds(EVENT_SECONDS, 128) + PRICES["lambda_request"] + PRICES["trace"] + EVENT_BYTES / 1e9 * PRICES["log_gb"]
    return number * each


def _seconds(seconds, megabytes):
    return seconds * megabytes / 1024 * PRICES["lambda_gb_second"]


def _alarms(app):
    return len(stack.of_type(stack.made(stack.template(app), LEAST[app]), "AWS::CloudWatch::Alarm")) * PRICES["alarm"]


def _metrics(function):
    unknown = set(METRICS[function]) - rust.metrics(function)
    if unknown:
        raise ValueError(f"{function} emits no metric {', '.join(sorted(unknown))}")
    return len(METRICS[function]) * PRICES["metric"]
