import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readPolicy } from '../../src/config/policy-texts.ts';
import { openPolicyHistory, readVersion } from '../../src/history/policy-history.ts';
import { createPolicyKeeper, type PolicyKeeper } from '../../src/history/policy-keeper.ts';
import { postgresVersions, VERSION_TABLES } from '../../src/history/postgres-versions.ts';
import { sqliteVersions } from '../../src/history/version-store.ts';
import { type Entry, VERSIONS_FILE } from '../../src/history/versions-thread.ts';
import { systemClock } from '../../src/store/clock.ts';
import type { Postgres } from '../../src/store/postgres.ts';
import { startThread } from '../../src/store/thread.ts';
import { describeOnBoth } from '../support/on-both.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const MAY = Date.UTC(2026, 4, 3);
const HOUR = 3_600_000;

let temp: Temp;
/** The database, where the history is there. */
let shared: Postgres | undefined;
let keepers: PolicyKeeper[];
/** What the keeper said, in order. */
let said: string[];
let announced: string[];
/** Ends the wait before the next try. */
let again: () => void;
beforeEach(() => {
  temp = makeTemp('history');
  shared = undefined;
  keepers = [];
  said = [];
  announced = [];
});
afterEach(async () => {
  for (const keeper of keepers) await keeper.close();
  await temp.stop();
});

const folder = (): string => temp.at('data');

function keeperOf(announce: (entry: Entry) => Promise<void> = async () => undefined): PolicyKeeper {
  const keeper = createPolicyKeeper({
    async open() {
      if (shared) return postgresVersions(shared, systemClock, 'test');
      const file = temp.at('data', VERSIONS_FILE);
      return sqliteVersions(
        await startThread(new URL('../../src/history/versions-thread', import.meta.url), { file }),
      );
    },
    clock: {
      now: Date.now,
      elapsed: () => performance.now(),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          signal?.addEventListener('abort', () => resolve());
          // What waits for the disk is not to be hurried; what waits for the next try is.
          if (ms > 2_000) again = resolve;
        }),
    },
    async announce(entry) {
      await announce(entry);
      announced.push(entry.digest);
    },
    onFailure: (why) => said.push(why),
    onKept: () => said.push('kept'),
  });
  keepers.push(keeper);
  return keeper;
}

function entry(id: string, since: number, comment = ''): Entry {
  const texts = [
    { file: 'networks.yaml', text: 'networks: { office: [10.7.0.0/16] }\n' },
    {
      file: 'rules.yaml',
      text: `${comment}rules:\n  - { id: ${id}, allow: [pull], repositories: ["**"], from: [office] }\n`,
    },
  ];
  const read = readPolicy(texts);
  if (!read.ok) throw new Error('a policy of the test is wrong');
  return { digest: read.policy.digest, texts, since };
}

const [first, second] = [entry('first', MAY), entry('second', MAY + 10 * HOUR)];

async function asked<T>(
  ask: (history: Awaited<ReturnType<typeof openPolicyHistory>>) => Promise<T>,
): Promise<T> {
  const history = await openPolicyHistory(folder(), shared);
  try {
    return await ask(history);
  } finally {
    await history.close();
  }
}
const at = (time: number, to = time) => asked((history) => history.at({ from: time, to }));

const PLACE = { families: [VERSION_TABLES], tables: ['policy_file', 'policy_version', 'policy_period'] };
describeOnBoth('the history of policies', PLACE, (postgres) => {
  beforeEach(() => {
    shared = postgres();
  });

  it('knows when each was in force, and gives its files back as they were written', async () => {
    const keeper = keeperOf();
    await keeper.keep({ ...first, texts: entry('first', 0, '# why: ask anna\n').texts });
    await keeper.keep(second);
    expect(await asked((history) => history.periods())).toEqual([
      { digest: first.digest, from: MAY, until: second.since },
      { digest: second.digest, from: second.since, until: undefined },
    ]);
    const found = await at(MAY + HOUR);
    if (!found.ok) throw new Error(found.reason);
    expect(found.version.digest).toBe(first.digest);
    expect(found.version.texts.map(({ text }) => text)).toContainEqual(
      expect.stringContaining('# why: ask anna'),
    );
    const read = readVersion(found.version);
    expect(read.ok && read.policy.rules.map(({ id }) => id)).toEqual(['first']);
    // The moment of a change is of the new one.
    expect(await at(second.since)).toMatchObject({ version: { digest: second.digest } });
    expect(await at(second.since - 1)).toMatchObject({ version: { digest: first.digest } });
  });

  it('says why there is no one answer', async () => {
    expect(await at(MAY)).toEqual({ ok: false, reason: expect.stringContaining('no policy is kept yet') });
    const keeper = keeperOf();
    await keeper.keep(first);
    await keeper.keep(second);
    expect(await at(MAY - 1)).toEqual({
      ok: false,
      reason: 'no policy is kept for 2026-05-02T23:59:59.999Z: kept since 2026-05-03T00:00:00.000Z',
    });
    expect(await at(MAY, MAY + 24 * HOUR)).toEqual({
      ok: false,
      reason: 'the policy changed within that time (2026-05-03T10:00:00.000Z): name a moment',
    });
    expect(await at(MAY - HOUR, MAY + HOUR)).toEqual({
      ok: false,
      reason: 'the first policy that is kept began at 2026-05-03T00:00:00.000Z: name a moment after it',
    });
    expect(await at(MAY + 24 * HOUR, MAY + 48 * HOUR)).toMatchObject({ ok: true });
  });

  it('finds a version by the beginning of its digest', async () => {
    await keeperOf().keep(first);
    const find = (prefix: string) => asked((history) => history.version(prefix));
    expect(await find(first.digest)).toMatchObject({ version: { digest: first.digest } });
    expect(await find(first.digest.slice(7, 14))).toMatchObject({ version: { digest: first.digest } });
    expect(await find('0000000')).toEqual({
      ok: false,
      reason: 'no policy with the digest 0000000 was in force',
    });
    for (const strange of ['', 'sha256:', 'abc', '../etc', 'xyzxyzxyz'])
      expect(await find(strange)).toEqual({ ok: false, reason: expect.stringContaining('is no digest') });
  });

  it('begins nothing anew at a restart with the same policy, and does where an old one comes back', async () => {
    await keeperOf().keep(first);
    const keeper = keeperOf();
    await keeper.keep({ ...first, since: MAY + HOUR });
    await keeper.keep(second);
    await keeper.keep({ ...first, since: MAY + 20 * HOUR });
    const periods = await asked((history) => history.periods());
    expect(periods.map(({ digest, from }) => [digest, from])).toEqual([
      [first.digest, MAY],
      [second.digest, second.since],
      [first.digest, MAY + 20 * HOUR],
    ]);
  });

  it('is readable by its owner alone', async () => {
    await keeperOf().keep(first);
    if (!shared) expect(statSync(temp.at('data', VERSIONS_FILE)).mode & 0o777).toBe(0o600);
  });

  it('is not asked of files that this release reads otherwise', () => {
    const read = readVersion({ digest: `sha256:${'0'.repeat(64)}`, texts: first.texts });
    expect(read).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining('reads these files as') }],
    });
  });
});

describe('a policy that cannot be kept', () => {
  it('does not wait for ever, is told once, and is kept as soon as that goes, with all that came meanwhile', async () => {
    writeFileSync(folder(), 'a file where a folder should be');
    const keeper = keeperOf();
    await keeper.keep(first);
    await keeper.keep(second);
    expect(said).toEqual([expect.stringMatching(/^the policy in force cannot be kept: .*policies\.db/)]);
    expect(keeper.failing()).toBe(said[0]);
    rmSync(folder());
    mkdirSync(folder());
    await keeper.keep({ ...first, since: MAY + 20 * HOUR });
    expect(keeper.failing()).toBeUndefined();
    expect(said.at(-1)).toBe('kept');
    expect((await asked((history) => history.periods())).map(({ digest }) => digest)).toEqual([
      first.digest,
      second.digest,
      first.digest,
    ]);
  });

  it('is one whose record cannot be written', async () => {
    let writable = false;
    const keeper = keeperOf(async () => {
      if (!writable) throw new Error('the push log: its disk is full');
    });
    await keeper.keep(first);
    expect(keeper.failing()).toContain('its disk is full');
    writable = true;
    again();
    while (keeper.failing() !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(announced).toEqual([first.digest]);
    expect(await asked((history) => history.periods())).toHaveLength(1);
  });
});
