#!/usr/bin/env bash
# Builds the image of a release: on a base image that is named by its digest, and with every label set.
#
#   packaging/build-image.sh IMAGE:TAG [options of docker build]
#
# One image for both processors needs BuildKit: DOCKER='docker buildx' packaging/build-image.sh IMAGE:TAG \
#   --platform linux/amd64,linux/arm64 --push
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -ra docker <<<"${DOCKER:-docker}"
image=${1:?"usage: packaging/build-image.sh IMAGE:TAG [options of docker build]"}
shift

main() {
  local base
  base=$(resolve_digest "${NODE_IMAGE:-$(default_base)}")
  echo "Base image: $base" >&2
  "${docker[@]}" build --tag "$image" \
    --build-arg "NODE_IMAGE=$base" \
    --build-arg "NODE_IMAGE_DIGEST=${base#*@}" \
    --build-arg "VERSION=$(node -p 'require("./package.json").version')" \
    --build-arg "REVISION=$(git rev-parse HEAD)" \
    --build-arg "CREATED=$(TZ=UTC0 git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)" \
    --build-arg "SOURCE_URL=${SOURCE_URL:?"the address of the source code, for the labels of the image"}" \
    --build-arg "DOCUMENTATION_URL=${DOCUMENTATION_URL:-$SOURCE_URL}" \
    "$@" .
}

default_base() {
  sed -n 's/^ARG NODE_IMAGE=\(..*\)$/\1/p' Dockerfile
}

# The digest of a pulled tag is that of the list of all its platforms, so it fits each of them.
resolve_digest() {
  if [[ $1 == *@sha256:* ]]; then
    echo "$1"
    return
  fi
  docker pull --quiet "$1" >&2
  docker image inspect --format '{{index .RepoDigests 0}}' "$1"
}

main "$@"
