"""Loads records, one Airbyte message per line on stdin, with a pipeline of redis-py."""

import json
import os
import sys

import redis

CHUNK = 1_000

host, port = sys.argv[1:]
client = redis.Redis(host=host, port=int(port), password=os.environ.get("REDISCLI_AUTH"))

with client.pipeline(transaction=False) as pipeline:
    number = 0
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if message["type"] != "RECORD":
            continue
        record = message["record"]
        number += 1
        pipeline.hset(
            f"{record['namespace']}:{record['stream']}:{number}",
            mapping={
                "_airbyte_ab_id": number,
                "_airbyte_emitted_at": record["emitted_at"],
                "_airbyte_data": json.dumps(record["data"], ensure_ascii=False, separators=(",", ":")),
            },
        )
        if number % CHUNK == 0:
            pipeline.execute()
    pipeline.execute()
