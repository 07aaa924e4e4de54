#!/usr/bin/env bash
# Fills in the form that Airbyte makes of spec/spec.json, in Chromium (packaging/form-test). Needs dist/. In CI, root
# installs Chromium where it is missing; elsewhere the script says so and ends well.
# With the argument `images` it draws the pictures in docs/images, and tests nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Node 24 is the first on the path, as in npm scripts.
PATH="$PWD/node_modules/.bin:$PATH"

main() {
  if ! find_chromium && ! { may_install && install_chromium && find_chromium; }; then
    echo "Skipped: the form in a browser (there is no Chromium on the PATH)"
    exit 0
  fi
  npm ci --prefix packaging/form-test --ignore-scripts --no-audit --no-fund --loglevel=error
  if [[ ${1:-} == images ]]; then
    node packaging/form-test/images.ts
    return
  fi
  tsc -p packaging/form-test
  tsc -p packaging/form-test/page
  vitest run --project form
}

# Sets CHROMIUM, which the tests read.
find_chromium() {
  local name
  for name in ${CHROMIUM:-} chromium chromium-browser google-chrome; do
    CHROMIUM=$(command -v "$name") && export CHROMIUM && return
  done
  return 1
}

may_install() {
  [[ -n ${CI:-} && $(id -u) == 0 ]] && command -v apt-get >/dev/null
}

install_chromium() {
  echo 'Installing Chromium …'
  {
    apt-get update -qq && timeout 300 apt-get install -qq -y --no-install-recommends chromium fonts-liberation
  } >/dev/null 2>&1
}

main "$@"
