/** The registry of a small company in one week, always the same: what screenshots of the page show. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createInventory } from '../../src/inventory/inventory.ts';
import { INVENTORY_FILE } from '../../src/inventory/inventory-thread.ts';
import { sqlitePulls } from '../../src/inventory/pull-store.ts';
import { uuidV7 } from '../../src/provenance/uuid.ts';
import { systemClock, timestamp } from '../../src/store/clock.ts';
import { startThread } from '../../src/store/thread.ts';
import { ANSWERED, anIntent, aRecorder, startLog } from '../provenance/a-log.ts';

/** When its screenshots are taken: Monday morning. */
export const NOW = Date.parse('2026-11-23T01:30:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BEGIN = NOW - 7 * DAY;

const digestOf = (name: string): string => `sha256:${createHash('sha256').update(name).digest('hex')}`;

interface Team {
  readonly repo: string;
  readonly base: string | undefined;
  readonly host: string;
  readonly ip: string;
}
const BASES: readonly Team[] = [
  { repo: 'base/debian', base: undefined, host: 'jenkins-01', ip: '10.1.2.11' },
  { repo: 'base/node', base: 'base/debian', host: 'jenkins-01', ip: '10.1.2.11' },
];
const APPS: readonly Team[] = [
  { repo: 'shop/web', base: 'base/node', host: 'jenkins-01', ip: '10.1.2.11' },
  { repo: 'shop/api', base: 'base/node', host: 'jenkins-02', ip: '10.1.2.12' },
  { repo: 'billing/worker', base: 'base/debian', host: 'jenkins-02', ip: '10.1.2.12' },
];
const HOSTS = ['k8s-01', 'k8s-02', 'k8s-03', 'edge-07'];

/** Fills the folder of a Warden that does not run. */
export async function fillCompany(folder: string): Promise<void> {
  let now = BEGIN;
  const clock = { ...systemClock, now: () => now };
  const log = await startLog(folder);
  const recorder = await aRecorder(log, { clock });
  const inventoryThread = await startThread(
    new URL('../../src/inventory/inventory-thread', import.meta.url),
    { file: join(folder, INVENTORY_FILE) },
  );
  const inventory = createInventory({ store: sqlitePulls(inventoryThread), clock });
  /** Digests of what each tag showed, newest last. */
  const shown = new Map<string, string[]>();

  async function push({ repo, base, host, ip }: Team, tag: string, number: number): Promise<void> {
    const digest = digestOf(`${repo} ${number}`);
    const before = shown.get(repo) ?? [];
    shown.set(repo, [...before, digest]);
    const on = base === undefined ? undefined : shown.get(base)?.at(-1);
    const intent = anIntent({
      id: uuidV7(now, createHash('sha256').update(digest).digest().subarray(0, 10)),
      began: timestamp(now),
      ...{ repo, tag, digest },
      from: before.at(-1),
      subject: {
        config: digestOf(`config ${repo} ${number}`),
        ...{ layers: 3, layerBytes: 41_231_872 },
        layerDigests: [
          ...(base === 'base/node'
            ? [digestOf('layer debian'), digestOf('layer node')]
            : [digestOf('layer debian')]),
          digestOf(`layer ${repo} ${number}`),
        ],
      },
      actor: {
        ...{ sub: `jenkins:${repo}`, kind: 'build', method: 'oidc', evidence: 'verified' },
        ...{ issuer: 'https://jenkins.corp/oidc', jti: 'Zk3x0b1mT9uQy7LrW2cVaA', groups: ['builders'] },
      },
      peer: {
        ...{ ip, host, hostBy: 'allowlist', socket: '10.1.0.4', forwarded: [ip] },
        ua: 'docker/28.0.1 go/go1.23.6 kernel/6.1.0 os/linux arch/amd64',
      },
      token: { ip, scopes: [`repository:${repo}:pull,push`] },
      build: {
        ...{ issuer: 'https://jenkins.corp/oidc', job: `${repo}/main`, number, evidence: 'verified' },
        url: `https://jenkins.corp/job/${repo}/${number}/`,
      },
      source: {
        uri: `https://git.corp/${repo}.git`,
        ref: 'refs/heads/main',
        commit: createHash('sha1').update(`${repo} ${number}`).digest('hex'),
        evidence: 'verified',
      },
      operator: { name: number % 2 === 0 ? 'anna' : 'wei', evidence: 'verified' },
      ...(on !== undefined && {
        base: [{ name: `${base}:12`, digest: on, by: 'layers' as const, evidence: 'observed' as const }],
      }),
      image: { platform: 'linux/amd64', created: timestamp(now - 60_000) },
      labels: { 'org.opencontainers.image.version': `${number}` },
    });
    await recorder.intend(intent);
    await recorder.conclude(intent.id, ANSWERED);
  }
  function pull(host: string, repository: string, reference: string, digest: string | undefined): void {
    if (digest === undefined) return;
    const address = `10.2.0.${HOSTS.indexOf(host) + 11}`;
    const client = 'containerd/2.1.0';
    inventory.count({
      ...{ head: false, address, host, subject: '', repository, reference, digest, client },
    });
  }
  function refuse(sub: string, ip: string, repo: string): void {
    recorder.refused({
      ...{ reason: 'POLICY_DENIED', action: 'create', subject: { repo }, tag: { name: 'latest' } },
      actor: { sub, kind: 'person', method: 'password', evidence: 'verified' },
      peer: { ip, ua: 'docker/24.0.7' },
      policy: { rules: ['builders-push'] },
    });
  }

  for (const base of BASES) await push(base, '12', 1);
  for (let day = 0; day < 7; day++) {
    for (const [at, hour] of [2, 5, 8].entries()) {
      now = BEGIN + day * DAY + hour * HOUR;
      const team = APPS[(day + at) % APPS.length] ?? (APPS[0] as Team);
      await push(team, '1.4', day * 3 + at + 1);
      // One host does not come for what is new.
      for (const host of HOSTS.slice(0, day < 4 ? 4 : 3)) {
        now += 300_000;
        for (let times = 0; times <= (day + at) % 3; times++)
          pull(host, team.repo, '1.4', shown.get(team.repo)?.at(-1));
        await inventory.flush();
      }
    }
    if (day % 3 === 1) {
      now = BEGIN + day * DAY + 9 * HOUR;
      refuse('mallory', '10.9.0.66', 'shop/web');
      if (day > 3) for (let times = 0; times < 4; times++) refuse('anna', '10.3.1.20', 'base/debian');
    }
  }
  now = NOW - 5 * HOUR;
  await recorder.append({
    type: 'log.reconciled',
    began: timestamp(now - HOUR),
    reconciled: {
      ...{ entries: 24, repositories: 5, tags: 5, manifests: 25, drifted: 1, found: 0, missing: 0 },
      ...{ skipped: 0, unreadable: 0 },
    },
  });
  await recorder.append({
    type: 'tag.drift',
    subject: { repo: 'billing/worker', digest: digestOf('round') },
    tag: { name: '1.3', from: digestOf('billing/worker 2') },
  });
  now = NOW - HOUR;
  await push(BASES[0] as Team, '12', 2);
  await recorder.close();
  await inventory.close();
  await inventoryThread.close();
  await log.close();
}
