"""Runs cfn-lint on the resources that a deployment creates, with conditions and parameters resolved."""

import json

from cfnlint.api import lint
from cfnlint.config import ManualArgs


def faults(made_template, region="ap-northeast-2"):
    """Returns cfn-lint's findings in a resolved template."""
    matches = lint(json.dumps(made_template), config=ManualArgs(regions=[region]))
    return [f"{match.rule.id} {match.message} at {'/'.join(map(str, match.path or []))}" for match in matches]
