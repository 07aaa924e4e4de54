#!/usr/bin/env bash
# Runs the programs of docs/reading in Python, with redis-py, and in Go, with go-redis; those with redis-cli and ioredis
# are part of npm test. Needs dist/. Where there is no fitting Python, or no Go, it says so and ends well.
source "$(dirname "${BASH_SOURCE[0]}")/python.sh"
start_check 'the programs of docs/reading in Python and Go' redis-server redis-cli go

make_environment "$environment/python" redis==8.1.0
# Node 24 is the first on the path, as in npm scripts.
PATH="$PWD/node_modules/.bin:$PATH" READING_GO=1 READING_PYTHON=$environment/python/bin/python \
  node_modules/.bin/vitest run --project integration integration_tests/reading.test.ts
