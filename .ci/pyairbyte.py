"""What a user of PyAirbyte does with the connector, against a Redis of its own. Prints one line per check."""

import csv
import importlib.metadata
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import airbyte as ab
import redis
from airbyte.caches.util import new_local_cache
from airbyte.exceptions import AirbyteConnectorCheckFailedError
from airbyte.strategies import WriteStrategy

FAKER = "airbyte-source-faker==7.2.1"
# Later versions ask for a version of smart-open that does not exist.
FILE = "airbyte-source-file==0.5.30"
PACKAGE = Path(__file__).parent.parent / "package.json"

CHECKS = []


def check(title):
    def register(function):
        CHECKS.append((title, function))
        return function

    return register


class Host:
    """The folder, the Redis and the destination that the checks share."""

    def __init__(self, folder, port):
        self.folder = folder
        self.port = port
        self.redis = redis.Redis(port=port, decode_responses=True)

    def destination(self, **options):
        config = {"host": "127.0.0.1", "port": self.port, **options}
        return ab.get_destination("destination-redis", config=config, local_executable="destination-redis")

    def csv_source(self, rows):
        path = self.folder / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "name", "score"), *rows])
        config = {
            "dataset_name": "people",
            "format": "csv",
            "url": str(path),
            "provider": {"storage": "local"},
        }
        return ab.get_source("source-file", config=config, streams="*", pip_url=FILE)

    def people(self):
        return {key: self.redis.hgetall(key) for key in self.redis.scan_iter("person:*")}


@check("the wheel has the version of package.json, spelt as Python does")
def version(host):
    expected = re.sub(r"-(a|b|rc)[a-z]*\.(\d+)$", r"\1\2", json.loads(PACKAGE.read_text())["version"])
    assert importlib.metadata.version("airbyte-destination-redis") == expected


@check("get_destination finds the console script on the PATH, and check succeeds")
def found_on_path(host):
    config = {"host": "127.0.0.1", "port": host.port}
    ab.get_destination("destination-redis", config=config).check()


@check("a failed check raises the connector's own sentence with its code")
def failed_check(host):
    try:
        host.destination(port=1).check()
    except AirbyteConnectorCheckFailedError as error:
        assert "[connection-refused]" in str(error), error
    else:
        raise AssertionError("check succeeded where nothing listens")


@check("source-faker: every record of three streams is in Redis, and a run with state writes nothing")
def faker(host):
    config = {"count": 100, "always_updated": False}
    source = ab.get_source("source-faker", config=config, streams="*", pip_url=FAKER)
    streams = ("users", "purchases", "products")
    templates = [{"stream": name, "key_template": f"{name}:${{id}}"} for name in streams]
    destination = host.destination(data_format="flat", streams=templates)
    states = new_local_cache(f"faker_{host.port}", host.folder / "states")

    first = destination.write(source, cache=False, state_cache=states)
    counts = [len(list(host.redis.scan_iter(f"{name}:*"))) for name in streams]
    user = host.redis.hgetall("users:1")
    second = destination.write(source, cache=False, state_cache=states)

    assert (first.processed_records, counts) == (300, [100, 100, 100]), (first.processed_records, counts)
    assert user["id"] == "1" and "@" in user["email"] and user["address.city"], user
    assert second.processed_records == 0, second.processed_records
    assert host.redis.hgetall("users:1") == user


@check("source-file: the rows of a CSV file are hashes with the text of its cells")
def csv_file(host):
    source = host.csv_source([(1, "Köln", 1.5), (2, "Łódź, PL", 2.25), (3, 'said "hi"', "")])
    host.destination(data_format="flat", key_template="person:${id}").write(
        source, cache=False, write_strategy=WriteStrategy.REPLACE
    )
    assert host.people() == {
        "person:1": {"id": "1", "name": "Köln", "score": "1.5"},
        "person:2": {"id": "2", "name": "Łódź, PL", "score": "2.25"},
        "person:3": {"id": "3", "name": 'said "hi"'},
    }, host.people()


@check("a second REPLACE leaves only its own rows")
def replace(host):
    destination = host.destination(data_format="flat", key_template="person:${id}")
    destination.write(host.csv_source([(1, "New", 9.5)]), cache=False, write_strategy=WriteStrategy.REPLACE)
    assert host.people() == {"person:1": {"id": "1", "name": "New", "score": "9.5"}}, host.people()


@check("through the cache: times are milliseconds, and every row is written")
def cached(host):
    source = host.csv_source([(1, "Ada", 1.5), (2, "Grace", 2.5)])
    host.destination(cache_type="list", key_prefix="cached:").write(
        source, cache=new_local_cache(f"rows_{host.port}", host.folder / "rows"), write_strategy=WriteStrategy.APPEND
    )
    lists = host.redis.scan_iter("cached:*:people", _type="list")
    rows = [json.loads(row) for key in lists for row in host.redis.lrange(key, 0, -1)]
    ages = [time.time() - row["_airbyte_emitted_at"] / 1000 for row in rows]
    assert len(rows) == 2 and all(-60 < age < 3600 for age in ages), rows


@check("a signal reaches Node, and its exit code is that of the console script")
def exit_code(host):
    config = host.folder / "config.json"
    config.write_text(json.dumps({"host": "127.0.0.1", "port": host.port}))
    catalog = host.folder / "catalog.json"
    stream = {"name": "s", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
    catalog.write_text(json.dumps({"streams": [configured]}))
    arguments = ["destination-redis", "write", "--config", config, "--catalog", catalog]
    # Closes the input of the process only when its exit code is known.
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        record = {"stream": "s", "data": {}, "emitted_at": 1700000000000}
        state = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "s"}, "stream_state": {"id": 1}}}
        for message in ({"type": "RECORD", "record": record}, {"type": "STATE", "state": state}):
            process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        while b'"STATE"' not in process.stdout.readline():
            assert process.poll() is None, process.returncode
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(20) == 143, process.returncode


@contextmanager
def private_redis():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL
    )
    client = redis.Redis(port=port)
    deadline = time.monotonic() + 20
    while True:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
    try:
        yield port
    finally:
        server.terminate()
        server.wait()


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder, private_redis() as port:
        host = Host(Path(folder), port)
        for title, function in CHECKS:
            try:
                function(host)
                print(f"passed: {title}")
            except Exception as error:  # noqa: BLE001: a check that fails must not end the others
                failed += 1
                print(f"failed: {title}\n  {type(error).__name__}: {error}")
    print(f"PyAirbyte: {len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
