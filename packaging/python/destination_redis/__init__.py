"""An Airbyte destination for Redis. The connector itself is a program for Node; `start` runs it."""
