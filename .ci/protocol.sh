#!/usr/bin/env bash
# Parses every message that the connector prints with Airbyte's own models (airbyte-protocol-models, pydantic 1 and 2).
# Needs dist/. Packages come from PyPI; where there is no fitting Python it says so and ends well.
source "$(dirname "${BASH_SOURCE[0]}")/python.sh"
start_check "messages in Airbyte's protocol models" redis-server

make_environment "$environment/1" airbyte-protocol-models==0.18.0
make_environment "$environment/2" airbyte-protocol-models-pdv2==0.18.0

messages=$environment/messages.jsonl
node_modules/.bin/node .ci/protocol-messages.mjs >"$messages"
"$environment/1/bin/python" .ci/protocol.py airbyte_protocol.models <"$messages"
"$environment/2/bin/python" .ci/protocol.py airbyte_protocol.models <"$messages"
