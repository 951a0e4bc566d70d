# Two images: `docker build --target control .` and `docker build --target relay .`; docs/operations.md has the rest.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /lanrage
COPY package.json package-lock.json .npmrc ./
# No package needs a script of its own here; Prisma's would download an engine that nothing uses.
RUN npm ci --ignore-scripts --no-progress
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY prisma ./prisma
COPY libs ./libs
COPY apps ./apps
RUN npm run setup

# The packages that a program needs beside itself.
FROM build AS control-packages
WORKDIR /packages
RUN node /lanrage/scripts/runtime-manifest.mjs control > package.json \
  && npm install --omit=dev --ignore-scripts --no-progress --no-package-lock

# Its optional packages are what koffi is made of, for one platform each.
FROM build AS relay-packages
WORKDIR /packages
RUN node /lanrage/scripts/runtime-manifest.mjs relay > package.json \
  && npm install --omit=dev --ignore-scripts --no-progress --no-package-lock

FROM node:24.21.0-bookworm-slim AS control
ENV NODE_ENV=production LANRAGE_DATA=/data
WORKDIR /lanrage
RUN install --directory --owner=node --group=node --mode=0700 /data \
  && ln -s /lanrage/bin/lanrage-admin.mjs /usr/local/bin/lanrage-admin
COPY --from=control-packages /packages ./
COPY prisma/migrations ./prisma/migrations
COPY scripts/health.mjs ./scripts/health.mjs
COPY bin/lanrage-admin.mjs ./bin/lanrage-admin.mjs
COPY bin/load-program.mjs ./bin/load-program.mjs
COPY --from=build /lanrage/dist/libs/runtime ./dist/libs/runtime
COPY --from=build /lanrage/dist/apps/control/src/page/assets ./dist/apps/control/src/page/assets
COPY --from=build /lanrage/dist/control.js ./dist/control.js
COPY --from=build /lanrage/dist/control.js.map ./dist/control.js.map
COPY --from=build /lanrage/dist/lanrage-admin.js ./dist/lanrage-admin.js
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "scripts/health.mjs", "control"]
USER node
CMD ["node", "--enable-source-maps", "dist/control.js"]

FROM node:24.21.0-bookworm-slim AS relay
ENV NODE_ENV=production
WORKDIR /lanrage
# Docker gives added capabilities to root alone. The relay is not root, so programs get them from their files, and can have
# them only in a container that was given them: nft at once, node when the relay asks for them.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libcap2-bin nftables \
  && setcap cap_net_admin=ep /usr/sbin/nft \
  && setcap cap_net_admin,cap_bpf=p /usr/local/bin/node \
  && apt-get purge --yes --auto-remove libcap2-bin \
  && rm -rf /var/lib/apt/lists/*
COPY --from=relay-packages /packages ./
COPY scripts/health.mjs ./scripts/health.mjs
COPY --from=build /lanrage/dist/libs/runtime ./dist/libs/runtime
COPY --from=build /lanrage/dist/relay.js ./dist/relay.js
COPY --from=build /lanrage/dist/relay.js.map ./dist/relay.js.map
EXPOSE 3478/udp 3479/udp 51900-52155/udp
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "scripts/health.mjs", "relay"]
USER node
CMD ["node", "--max-semi-space-size=2", "--optimize-for-size", "--enable-source-maps", "dist/relay.js"]
