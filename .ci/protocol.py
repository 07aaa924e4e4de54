"""Parses each line of standard input as an AirbyteMessage, and fails for one that the models refuse or do not know."""

import importlib
import json
import sys
from collections import Counter

import pydantic

models = importlib.import_module(sys.argv[1])
AirbyteMessage = models.AirbyteMessage
parse = getattr(AirbyteMessage, "model_validate", None) or AirbyteMessage.parse_obj

# What a run of each command has to have shown, so that nothing passes because it was not printed.
EXPECTED = {"SPEC", "CONNECTION_STATUS", "LOG", "STATE", "TRACE"}

counts = Counter()
for number, line in enumerate(sys.stdin, 1):
    message = json.loads(line)
    try:
        parse(message)
    except pydantic.ValidationError as error:
        sys.exit(f"failed: message {number} is refused by the models: {line}\n{error}")
    counts[message["type"]] += 1

missing = EXPECTED - counts.keys()
if missing:
    sys.exit(f"failed: no message of type {', '.join(sorted(missing))} was printed")
kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
print(f"passed: {sum(counts.values())} messages in pydantic {pydantic.VERSION} ({kinds})")
