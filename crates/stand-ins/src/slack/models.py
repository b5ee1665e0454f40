"""Reads JSON messages, one a line, and validates them with the models of Slack's Python SDK."""

import json
import sys

from slack_sdk.models.blocks import Block


def violations(message):
    blocks = message.get("blocks") or []
    if not message.get("text"):
        yield "there is no text for notifications"
    if len(blocks) > 50:
        yield f"{len(blocks)} blocks"
    for number, block in enumerate(blocks):
        parsed = Block.parse(block)
        if parsed is None:
            yield f"block {number} has an unknown type"
            continue
        try:
            # Validates the block and its elements.
            known = parsed.to_dict()
        except Exception as error:
            yield f"block {number}: {error}"
            continue
        # The models drop unknown fields.
        if known != block:
            yield f"block {number} is read as {json.dumps(known)}"


for line in sys.stdin:
    print(json.dumps(list(violations(json.loads(line)))))
