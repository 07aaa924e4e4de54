#!/usr/bin/env bash
# Compares the Kubernetes examples with the schema of Kubernetes 1.37 (kubernetes-validate), unknown fields refused.
# The package comes from PyPI; where there is no fitting Python it says so and ends well.
source "$(dirname "${BASH_SOURCE[0]}")/python.sh"
start_check 'the schema of the Kubernetes examples'

make_environment "$environment/python" kubernetes-validate==1.37.0
for file in examples/deploy/kubernetes/*.yaml; do
  "$environment/python/bin/kubernetes-validate" --strict "$file"
done
