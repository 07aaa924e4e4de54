#!/usr/bin/env bash
# Builds the wheel, installs it beside PyAirbyte in a fresh virtual environment, and syncs with real sources into a
# Redis of its own. Packages come from PyPI; where there is no fitting Python it says so and ends well.
source "$(dirname "${BASH_SOURCE[0]}")/python.sh"
start_check PyAirbyte redis-server

PYTHON=$(find_python) packaging/python/build.sh
make_environment "$environment/python" airbyte==0.71.3 redis==8.1.0 build/airbyte_destination_redis-*.whl

# PyAirbyte asks the registry of Airbyte for every connector, unless it is offline.
root=$PWD
cd "$environment"
PATH=$environment/python/bin:$PATH AIRBYTE_OFFLINE_MODE=1 DO_NOT_TRACK=1 PYTHONWARNINGS=ignore \
  python "$root/.ci/pyairbyte.py"
