"""cfn-lint over what a deployment really makes, with values in the place of conditions and parameters."""

import json

from cfnlint.api import lint
from cfnlint.config import ManualArgs


def faults(made_template, region="ap-northeast-2"):
    """What cfn-lint says of a resolved template."""
    matches = lint(json.dumps(made_template), config=ManualArgs(regions=[region]))
    return [f"{match.rule.id} {match.message} at {'/'.join(map(str, match.path or []))}" for match in matches]
