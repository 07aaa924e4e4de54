#!/usr/bin/env bash
# Runs Airbyte's own checks of a connector (airbyte-internal-ops, airbyte-connector-models) on a copy of this repository
# that is laid out as Airbyte's is. Packages come from PyPI; where there is no fitting Python it says so and ends well.
source "$(dirname "${BASH_SOURCE[0]}")/python.sh"
start_check "Airbyte's checks of metadata and documentation"

make_environment "$environment/python" airbyte-internal-ops==0.132.0 airbyte==1.0.0rc17 \
  airbyte-connector-models==0.1.12

monorepo=$environment/monorepo
connector=$monorepo/airbyte-integrations/connectors/destination-redis
mkdir -p "$connector" "$monorepo/docs"
git ls-files -z | while IFS= read -r -d '' file; do
  if [[ -f $file ]]; then
    mkdir -p "$connector/$(dirname "$file")"
    cp "$file" "$connector/$file"
  fi
done
mv "$connector/docs/integrations" "$monorepo/docs"

cd "$monorepo"
PYTHONWARNINGS=ignore "$environment/python/bin/python" "$OLDPWD/.ci/metadata.py"
