#!/usr/bin/env bash
# Compares the Kubernetes examples with the schema of Kubernetes 1.37 (kubernetes-validate), unknown fields refused.
# The package comes from PyPI; where there is no fitting Python it says so and ends well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/python.sh

if ! find_python >/dev/null; then
  echo 'Skipped: the schema of the Kubernetes examples (there is no Python 3.10 or 3.11 here)'
  exit 0
fi

environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
make_environment "$environment/python" kubernetes-validate==1.37.0
for file in examples/deploy/kubernetes/*.yaml; do
  "$environment/python/bin/kubernetes-validate" --strict "$file"
done
