"""Writes generated users into Redis, reads one back, and runs again with the state of the first run."""

import airbyte as ab
import redis
from airbyte.caches.util import new_local_cache

source = ab.get_source(
    "source-faker",
    config={"count": 1000, "always_updated": False},
    streams=["users"],
    pip_url="airbyte-source-faker==7.2.1",
)
destination = ab.get_destination(
    "destination-redis",
    config={"host": "localhost", "port": 6379, "data_format": "flat", "key_template": "user:${id}"},
    local_executable="destination-redis",
)
destination.check()

# The cache keeps the state between runs. The records themselves go to Redis without it (cache=False).
states = new_local_cache("states", cache_dir="states")

first = destination.write(source, cache=False, state_cache=states)
print("first run:", first.processed_records, "records")

client = redis.Redis(decode_responses=True)
print("keys:", len(list(client.scan_iter("user:*"))))
print("user 42:", {field: client.hget("user:42", field) for field in ("name", "email", "address.city")})

second = destination.write(source, cache=False, state_cache=states)
print("second run:", second.processed_records, "records")

# What an error looks like.
wrong = ab.get_destination(
    "destination-redis", config={"host": "localhost", "port": 1}, local_executable="destination-redis"
)
try:
    wrong.check()
except ab.exceptions.AirbyteConnectorCheckFailedError as error:
    print("check:", error.context["failure_reason"])
