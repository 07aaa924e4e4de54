# Builds with the legacy builder and with BuildKit alike: no `RUN --mount`, no heredocs.
# Takes a tag or a digest, `node@sha256:…`. A release resolves the tag to its digest (packaging/build-image.sh).
ARG NODE_IMAGE=node:24-bookworm-slim

# BuildKit sets it. The first stage makes files that suit every processor, so it runs once, on the machine
# that builds. The legacy builder does not set it; on another processor than x86-64 it has to be given.
ARG BUILDPLATFORM

# Install scripts stay off: none of these packages needs one, and the one of the package `node` would fetch a second
# Node binary.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${NODE_IMAGE} AS build
WORKDIR /airbyte
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY tsconfig.json ./
COPY .ci/bundle.mjs .ci/compile-chunks.mjs .ci/third-party-licenses.mjs .ci/
COPY spec spec
COPY src src
RUN npm run build
# Airbyte's form links to this page. Whoever builds the image gives the address where its documentation is.
ARG DOCUMENTATION_URL
RUN [ -z "$DOCUMENTATION_URL" ] || node -e 'const path = "spec/spec.json"; fs.writeFileSync(path, JSON.stringify({ ...JSON.parse(fs.readFileSync(path)), documentationUrl: process.argv[1] }, null, 2))' "$DOCUMENTATION_URL"

FROM ${NODE_IMAGE} AS connector
WORKDIR /airbyte
COPY package.json LICENSE ./
COPY --from=build /airbyte/spec spec
COPY --from=build /airbyte/dist dist
# Each start takes over what is compiled here of the chunks, which only Node of this version and processor can.
COPY package.json /build/
COPY --from=build /airbyte/.ci/compile-chunks.mjs /build/.ci/
COPY --from=build /airbyte/src/chunk-loader.ts /build/src/
RUN node /build/.ci/compile-chunks.mjs dist
# A checkout may be readable for its owner only; the connector runs as anybody.
RUN chmod -R a+rX,go-w .

FROM ${NODE_IMAGE}
# Airbyte's own base images give these folders to uid 1000, and hosts mount their files there.
RUN mkdir /config /secrets /custom_cache && chown 1000:1000 /config /secrets /custom_cache
# Belongs to root: a run can read the code and what is compiled of it, and can change neither.
COPY --from=connector /airbyte /airbyte
WORKDIR /airbyte

# A number, because Kubernetes cannot see from a name that it is not root.
USER 1000:1000

ENV NODE_ENV=production
# The platform evaluates this in a shell, in a working directory of its own: every path is absolute.
# SIGUSR1 would open Node's debugger.
ENV AIRBYTE_ENTRYPOINT="/usr/local/bin/node --disable-sigusr1 /airbyte/dist/main.js"
ENTRYPOINT ["/usr/local/bin/node", "--disable-sigusr1", "/airbyte/dist/main.js"]

# The default is the version of package.json, and a test keeps it so. packaging/build-image.sh gives the others.
ARG VERSION=1.0.0-alpha.1
ARG REVISION=""
ARG CREATED=""
ARG SOURCE_URL=""
ARG DOCUMENTATION_URL=https://docs.airbyte.com/integrations/destinations/redis
ARG NODE_IMAGE
ARG NODE_IMAGE_DIGEST=""
LABEL io.airbyte.name="destination-redis" \
      io.airbyte.version="${VERSION}" \
      org.opencontainers.image.title="destination-redis" \
      org.opencontainers.image.description="An Airbyte destination for Redis" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE_URL}" \
      org.opencontainers.image.url="${SOURCE_URL}" \
      org.opencontainers.image.authors="The destination-redis contributors" \
      org.opencontainers.image.vendor="The destination-redis contributors" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.documentation="${DOCUMENTATION_URL}" \
      org.opencontainers.image.base.name="${NODE_IMAGE}" \
      org.opencontainers.image.base.digest="${NODE_IMAGE_DIGEST}"
