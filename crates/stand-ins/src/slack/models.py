"""Reads JSON messages, one a line, and lets the models of Slack's own SDK for Python judge them."""

import json
import sys

from slack_sdk.models.blocks import Block


def faults(message):
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
            # Validates the block and what is in it.
            known = parsed.to_dict()
        except Exception as error:
            yield f"block {number}: {error}"
            continue
        # The models leave out what they do not know.
        if known != block:
            yield f"block {number} is read as {json.dumps(known)}"


for line in sys.stdin:
    print(json.dumps(list(faults(json.loads(line)))))
