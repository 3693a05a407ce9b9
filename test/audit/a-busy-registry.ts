/** A log and an inventory of some weeks in which everything happened that auditors ask about. */
import { createInventory } from '../../src/inventory/inventory.ts';
import { INVENTORY_FILE } from '../../src/inventory/inventory-thread.ts';
import { sqlitePulls } from '../../src/inventory/pull-store.ts';
import type { Recorder } from '../../src/provenance/recorder.ts';
import { systemClock, timestamp } from '../../src/store/clock.ts';
import { startThread } from '../../src/store/thread.ts';
import { ANSWERED, anIntent, aRecorder, type IntentChanges, startLog } from '../provenance/a-log.ts';

/** A digest of one repeated digit. */
export const hex = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** Monday. */
export const BEGIN = Date.parse('2026-03-02T08:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const OLD_BASE = hex('b');
export const NEW_BASE = hex('c');
export const MIDDLE = hex('1');
export const APP = hex('2');
export const SECRET_LAYER = hex('5');

const by = (name: string) =>
  ({ actor: { sub: name, kind: 'robot', method: 'password', evidence: 'verified' } }) as const;
const at = (ip: string, host?: string) => ({ peer: { ip, ...(host !== undefined && { host }) } }) as const;
const on = (digest: string, evidence: 'observed' | 'claimed' = 'observed') =>
  ({ base: [{ name: 'os/base', digest, by: 'layers', evidence }] }) as const;

/** Fills a folder. Indexes of the log begin with 1 for the first push. */
export async function fillBusyRegistry(folder: string): Promise<void> {
  let now = BEGIN;
  // Both move together: a clock that is set while time stands would be on record.
  const clock = { ...systemClock, now: () => now, elapsed: () => now - BEGIN };
  const log = await startLog(folder);
  const recorder: Recorder = await aRecorder(log, { clock });
  const push = async (days: number, changes: IntentChanges): Promise<void> => {
    now = BEGIN + days * DAY;
    const intent = anIntent({ began: timestamp(now), ...changes });
    await recorder.intend(intent);
    await recorder.conclude(intent.id, ANSWERED);
  };
  await push(0, {
    repo: 'os/base',
    tag: '1',
    digest: OLD_BASE,
    ...by('os-team'),
    ...at('10.1.0.1', 'jenkins-01'),
  }); // 1
  await push(1, {
    repo: 'os/middle',
    tag: '1',
    digest: MIDDLE,
    ...on(OLD_BASE),
    subject: { layerDigests: [SECRET_LAYER] },
  }); // 2
  await push(2, {
    repo: 'team/app', // 3
    tag: '1.0',
    digest: APP,
    subject: { config: hex('3') },
    ...on(MIDDLE, 'claimed'),
    build: { job: 'team/app/main', number: 17, evidence: 'verified' },
    source: { commit: '9f2c1e7a0000000000000000000000000000aaaa', evidence: 'claimed' },
    labels: { team: 'blue', 'org.opencontainers.image.version': '1.0' },
  });
  await push(3, {
    repo: 'team/app',
    tag: '1.0',
    digest: hex('4'),
    from: APP,
    ...by('alice'),
    ...at('10.9.0.9'),
    mounted: [{ digest: hex('f'), from: 'secret/app' }],
  }); // 4
  await push(4, {
    repo: 'team/app', // 5
    tag: 'multi',
    digest: hex('6'),
    subject: { children: [{ digest: hex('4'), platform: 'linux/amd64' }, { digest: hex('7') }] },
  });
  await push(4, {
    repo: 'team/app', // 6: a signature of the app
    tag: `sha256-${'2'.repeat(64)}.sig`,
    digest: hex('8'),
    subject: { artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' },
  });
  await push(5, { repo: 'secret/app', tag: 'x', digest: hex('9'), ...on(OLD_BASE), ...by('mallory') }); // 7
  await push(6, { repo: 'os/base', tag: '1', digest: NEW_BASE, from: OLD_BASE, ...by('os-team') }); // 8
  await push(6, { repo: 'team/web', tag: '2.0', digest: hex('a'), ...on(NEW_BASE) }); // 9
  now = BEGIN + 7 * DAY;
  await recorder.append({
    type: 'tag.drift', // 10
    subject: { repo: 'team/web', digest: hex('d') },
    tag: { name: '2.0', from: hex('a') },
  });
  await recorder.append({ type: 'policy.changed', policy: { digest: hex('e'), files: ['default.yaml'] } }); // 11
  now = BEGIN + 8 * DAY;
  for (let n = 0; n < 3; n++) {
    recorder.refused({
      reason: 'POLICY_DENIED',
      action: 'create',
      subject: { repo: 'team/app' },
      tag: { name: '1.0' },
      actor: { sub: 'mallory', kind: 'person', method: 'password', evidence: 'verified' },
      peer: { ip: '10.9.0.66' },
      policy: { rules: ['builders-push'] },
    });
  }
  recorder.refused({
    reason: 'POLICY_DENIED',
    action: 'create',
    subject: { repo: 'secret/app' },
    peer: { ip: '10.9.0.67' },
  });
  recorder.loginFailed({ reason: 'CREDENTIALS_REFUSED', peer: { ip: '10.9.0.66' } });
  await recorder.close();
  await log.close();

  const thread = await startThread(new URL('../../src/inventory/inventory-thread', import.meta.url), {
    file: `${folder}/${INVENTORY_FILE}`,
  });
  const inventory = createInventory({ store: sqlitePulls(thread), clock });
  const pull = (days: number, host: string, repository: string, reference: string, digest: string): void => {
    now = BEGIN + days * DAY;
    inventory.count({ head: false, address: '10.2.0.1', host, subject: '', repository, reference, digest });
  };
  pull(8, 'web-1', 'team/app', '1.0', APP);
  pull(8, 'web-2', 'team/app', '1.0', APP);
  pull(9, 'web-2', 'team/app', '1.0', hex('4'));
  pull(9, 'web-1', 'secret/app', 'x', hex('9'));
  pull(9, 'web-1', 'team/web', '2.0', hex('a'));
  await inventory.close();
  await thread.close();
}
