#!/usr/bin/env bash
# Parses every message that the connector prints with Airbyte's own models (airbyte-protocol-models, pydantic 1 and 2).
# Needs dist/. Packages come from PyPI; where there is no fitting Python it says so and ends well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/python.sh

if ! find_python >/dev/null; then
  echo "Skipped: messages in Airbyte's protocol models (there is no Python 3.10 or 3.11 here)"
  exit 0
fi
if ! command -v redis-server >/dev/null; then
  echo "Skipped: messages in Airbyte's protocol models (there is no redis-server on the PATH)"
  exit 0
fi

environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
make_environment "$environment/1" airbyte-protocol-models==0.18.0
make_environment "$environment/2" airbyte-protocol-models-pdv2==0.18.0

messages=$environment/messages.jsonl
node_modules/.bin/node .ci/protocol-messages.mjs >"$messages"
"$environment/1/bin/python" .ci/protocol.py airbyte_protocol.models <"$messages"
"$environment/2/bin/python" .ci/protocol.py airbyte_protocol.models <"$messages"
