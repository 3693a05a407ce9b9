import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from '@jest/globals';
import { POSTGRES_PROGRAMS } from './postgres.ts';
import { distribution3Program } from './registry.ts';

/** Programs that suites run, with the Debian package that brings each. */
const PACKAGES = {
  'docker-registry': 'docker-registry',
  'redis-server': 'redis-server',
  skopeo: 'skopeo',
  podman: 'podman',
  buildah: 'buildah',
  dockerd: 'docker.io',
  docker: 'docker.io',
  containerd: 'containerd',
  ctr: 'containerd',
  'docker-compose': 'docker-compose',
  ip: 'iproute2',
  nsenter: 'util-linux',
  openssl: 'openssl',
  debootstrap: 'debootstrap',
  git: 'git',
  strace: 'strace',
  curl: 'curl',
  nginx: 'nginx',
  haproxy: 'haproxy',
  xmllint: 'libxml2-utils',
  slapd: 'slapd',
  ldapadd: 'ldap-utils',
  rsyslogd: 'rsyslog',
  faketime: 'faketime',
  jq: 'jq',
  chromium: 'chromium',
  groovy: 'groovy',
  bash: 'bash',
  zsh: 'zsh',
  java: 'default-jre-headless',
  postgres: 'postgresql',
} as const;

export type Need = keyof typeof PACKAGES | 'root' | 'distribution3' | 'go';

/**
 * Why a suite cannot run here, or undefined when it can. A missing program is a failure where CI=true: there every
 * program was installed, and a suite that is silently left out would look like one that passed.
 *
 * @throws when CI=true and a program is missing.
 */
export function missing(need: Need): string | undefined {
  if (need === 'root') return process.getuid?.() === 0 ? undefined : 'needs root';
  if (need === 'distribution3') {
    return distribution3Program() ? undefined : 'distribution 3 is not built: script/get-distribution3';
  }
  if (need === 'go') return missingGo();
  if (find(need)) return undefined;
  const reason = `${need} is not installed: apt-get install ${PACKAGES[need]}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  return reason;
}

/** A suite that needs programs: runs where they are, and is skipped with the reason in its title where one is not. */
export function describeNeeding(needs: readonly Need[], title: string, body: () => void): void {
  const reasons = needs.map(missing).filter((reason) => reason !== undefined);
  if (reasons.length === 0) describe(title, body);
  else describe.skip(`${title} [${reasons.join('; ')}]`, body);
}

/** What the clients are built with must be as new as the newest of them wants. */
function missingGo(): string | undefined {
  if (!find('go')) return 'there is no go to build it with';
  const version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim();
  const [, minor = '0'] = /^go1\.(\d+)/.exec(version) ?? [];
  return Number(minor) >= 26 ? undefined : `Go 1.26 or newer is needed to build it, this is ${version}`;
}

function find(program: string): boolean {
  // Debian keeps the programs of PostgreSQL out of the path.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), POSTGRES_PROGRAMS];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
