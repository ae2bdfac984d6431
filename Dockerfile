# The portal as a container; docs/operations.md says how to run it. A rebuild takes in the base image's security fixes:
# the tag names the major version of Node and the release of Debian, not more.

FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package needs its install script.
RUN npm ci --ignore-scripts --no-update-notifier
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY public public
RUN npm run build && npm prune --omit=dev --omit=optional --no-update-notifier

FROM node:24-trixie-slim
LABEL org.opencontainers.image.title="Partner sign-up portal" \
      org.opencontainers.image.description="Self-service sign-up of partners as Microsoft Entra guests" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    PORT=3000 \
    DATA_DIR=/data \
    POLICY_FILE=/policy/partners.json
WORKDIR /app
# Root owns it all, so that the portal cannot change its own code, whether or not the file system is read-only.
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY views views
COPY public public
COPY locales locales
COPY policies/starter.json policies/starter.json
# The policy, and the embedded store where there is no DATABASE_URL: the only places that are written to.
RUN install -d -o node -g node -m 0700 /data /policy
USER node
EXPOSE 3000
# The portal needs 25 s at most: give it 30 (docker run --stop-timeout 30).
STOPSIGNAL SIGTERM
# Whether the process lives, not whether it is ready: nobody should end it because the database is away for a moment.
# Balancers ask /readyz.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# A first start finds no policy and takes the one that lets nobody in.
CMD ["sh", "-c", "node dist/cli/policy.js init && exec node dist/server.js"]
