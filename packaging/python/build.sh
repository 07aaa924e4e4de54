#!/usr/bin/env bash
# Builds build/airbyte_destination_redis-VERSION-py3-none-any.whl: the connector, which has its packages bundled, and the
# console script that starts it. Needs dist/ (npm run build) and a Python with pip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

python=${PYTHON:-python3}
connector=packaging/python/connector

main() {
  rm -rf "$connector" build/airbyte_destination_redis-*.whl
  mkdir -p "$connector" build
  cp -R dist spec package.json LICENSE "$connector"
  rm -rf "$connector/dist/compiled"
  pep440_version >"$connector/version.txt"
  "$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build packaging/python
  ls build/airbyte_destination_redis-*.whl
}

# Prints the version of package.json as Python spells it: 1.0.0a1 for 1.0.0-alpha.1.
pep440_version() {
  node -p 'require("./package.json").version.replace(/-(a|b|rc)[a-z]*[.](\d+)$/, "$1$2")'
}

main
