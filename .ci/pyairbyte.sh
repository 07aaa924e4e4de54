#!/usr/bin/env bash
# Builds the wheel, installs it beside PyAirbyte in a fresh virtual environment, and syncs with real sources into a
# Redis of its own. Packages come from PyPI; where there is no fitting Python it says so and ends well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/python.sh

if ! find_python >/dev/null; then
  echo 'Skipped: PyAirbyte (there is no Python 3.10 or 3.11 here)'
  exit 0
fi
if ! command -v redis-server >/dev/null; then
  echo 'Skipped: PyAirbyte (there is no redis-server on the PATH)'
  exit 0
fi

environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
PYTHON=$(find_python) packaging/python/build.sh
make_environment "$environment/python" airbyte==0.71.3 redis==8.1.0 build/airbyte_destination_redis-*.whl

# PyAirbyte asks the registry of Airbyte for every connector, unless it is offline.
root=$PWD
cd "$environment"
PATH=$environment/python/bin:$PATH AIRBYTE_OFFLINE_MODE=1 DO_NOT_TRACK=1 PYTHONWARNINGS=ignore \
  python "$root/.ci/pyairbyte.py"
