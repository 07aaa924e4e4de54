# Builds with the legacy builder and with BuildKit alike: no `RUN --mount`, no heredocs.
ARG NODE_IMAGE=node:24-bookworm-slim

# Install scripts stay off in both stages: none of these packages needs one, and the one of the development
# package `node` would fetch a second Node binary. The optional ones are the sources of native parts of `ssh2`,
# which does without.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /airbyte
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-fund --no-audit

FROM ${NODE_IMAGE} AS build
WORKDIR /airbyte
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY tsconfig.json ./
COPY spec spec
COPY src src
RUN npm run build

FROM ${NODE_IMAGE}
# Airbyte's own base images give these folders to uid 1000, and hosts mount their files there.
RUN mkdir /airbyte /config /secrets /custom_cache && chown 1000:1000 /airbyte /config /secrets /custom_cache
WORKDIR /airbyte
# Owned by that user, so that a checkout nobody else may read works too.
COPY --chown=1000:1000 --from=dependencies /airbyte/node_modules node_modules
COPY --chown=1000:1000 package.json ./
COPY --chown=1000:1000 spec spec
COPY --chown=1000:1000 --from=build /airbyte/dist dist

# A number, because Kubernetes cannot tell from a name that it is not root.
USER 1000:1000
# Leaves behind what was compiled, for every start of the image: both end at once, as there is no server.
RUN echo '{"host":"127.0.0.1","port":1,"max_outage_seconds":0}' > /tmp/config.json \
 && echo '{"streams":[{"stream":{"name":"s","json_schema":{}},"destination_sync_mode":"append"}]}' > /tmp/catalog.json \
 && node dist/main.js check --config /tmp/config.json \
 && ! node dist/main.js write --config /tmp/config.json --catalog /tmp/catalog.json < /dev/null \
 && rm /tmp/config.json /tmp/catalog.json

ENV NODE_ENV=production
# The platform evaluates this in a shell, in a working directory of its own: every path is absolute.
ENV AIRBYTE_ENTRYPOINT="/usr/local/bin/node /airbyte/dist/main.js"
ENTRYPOINT ["/usr/local/bin/node", "/airbyte/dist/main.js"]

# The default is the version of package.json, and a test keeps it so.
ARG VERSION=1.0.0-alpha.1
LABEL io.airbyte.name="airbyte/destination-redis" \
      io.airbyte.version="${VERSION}" \
      org.opencontainers.image.title="destination-redis" \
      org.opencontainers.image.description="An Airbyte destination for Redis" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.documentation="https://docs.airbyte.com/integrations/destinations/redis"
