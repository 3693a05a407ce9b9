/** Holds the policy in force, takes over a changed one, keeps each, and records which one decides. */

import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import type { PushItem } from '../audit/audit.ts';
import { loadSteadyPolicy, stampPolicyFiles } from '../config/policy-files.ts';
import { createPolicyHolder, watchPolicy } from '../config/policy-holder.ts';
import type { PolicyText } from '../config/policy-texts.ts';
import { readPolicyApart } from '../config/read-policy-apart.ts';
import { readText } from '../config/read-text.ts';
import { describeProblem } from '../config/yaml.ts';
import { createPolicyKeeper } from '../history/policy-keeper.ts';
import { postgresVersions } from '../history/postgres-versions.ts';
import { sqliteVersions, type VersionStore } from '../history/version-store.ts';
import { type Entry, VERSIONS_FILE, type VersionsOptions } from '../history/versions-thread.ts';
import type { Policy } from '../policy/policy.ts';
import type { Loaded } from '../preflight.ts';
import { systemClock } from '../store/clock.ts';
import { startThread } from '../store/thread.ts';
import type { Databases } from './database.ts';
import { type Part, reportProblems, WATCH_MS } from './part.ts';
import type { OpenedRecord } from './record.ts';

export interface PolicyInForce {
  readonly current: () => Policy;
  readonly reload: () => Promise<void>;
  /** Milliseconds since 1970. */
  readonly loadedAt: () => number;
  /** True while the files on disk are refused and an older policy decides. */
  readonly refused: () => boolean;
  /** Why the policy in force is not kept for later questions; undefined while it is. */
  readonly unkept: () => string | undefined;
}

/** More would fill a record; then it names none. */
const FILES_NAMED = 100;
/** Of one reload, in the log. */
const WARNINGS_TOLD = 20;

export async function openPolicy(
  part: Part,
  {
    policy: initial,
    policyStamp: initialStamp,
    policyTexts,
  }: Pick<Loaded, 'policy' | 'policyStamp' | 'policyTexts'>,
  { recorder, audit }: OpenedRecord,
  databases: Databases | undefined,
): Promise<PolicyInForce> {
  const { settings, log, endings } = part;
  let loadedAt = Date.now();
  let refused = false;
  /** What the record knows as the policy in force; asked where it is needed, since the record may not be readable yet. */
  let recorded: { readonly digest: string | undefined } | undefined;
  async function lastRecorded(): Promise<string | undefined> {
    const page = await audit.ask('pushes', { type: 'policy.changed', limit: '1' }, () => true);
    const [last] = page.items as readonly PushItem[];
    return last !== undefined && 'policy' in last ? last.policy?.digest : undefined;
  }

  const keeper = createPolicyKeeper({
    open: versionsOf(part, databases),
    clock: systemClock,
    async announce({ digest, texts }) {
      recorded ??= { digest: await lastRecorded() };
      // A restart with the policy of before is no change.
      if (recorded.digest === digest) return;
      const files = texts.length > FILES_NAMED ? undefined : texts.map((text) => text.file);
      const from = recorded.digest;
      const policy = { digest, ...(from !== undefined && { from }), ...(files && { files }) };
      await recorder.append({ type: 'policy.changed', policy });
      recorded = { digest };
    },
    onFailure: (why) =>
      log.error({ why }, 'the policy in force cannot be kept: it decides, pushes are refused, pulls go on'),
    onKept: () => log.info('the policy in force is kept'),
  });
  endings.defer(() => keeper.close());

  const holder = createPolicyHolder({
    initial,
    load: () => loadSteadyPolicy(settings.policy, readText, readPolicyApart),
    beforeChange: ({ policy, texts }) => keeper.keep(entryOf(policy, texts)),
    onChange(next, previous, warnings) {
      loadedAt = Date.now();
      log.info({ digest: next.digest, from: previous.digest }, 'another policy decides from now on');
      for (const warning of warnings.slice(0, WARNINGS_TOLD))
        log.warn({ problem: describeProblem(warning) }, 'policy');
      const more = warnings.length - WARNINGS_TOLD;
      if (more > 0) log.warn({ more }, 'policy: more warnings; warden policy check shows all of them');
    },
    onProblem: (problems) =>
      reportProblems(log, 'the policy on disk is refused; the last good one goes on', problems),
  });
  async function reload(): Promise<void> {
    refused = (await holder.reload()) === 'refused';
  }

  log.info({ digest: initial.digest }, 'policy');
  await keeper.keep(entryOf(initial, policyTexts));
  const stamp = () => stampPolicyFiles(settings.policy);
  const watching = watchPolicy({ stamp, initialStamp, reload, intervalMs: WATCH_MS });
  endings.defer(() => watching.close());
  return {
    current: holder.current,
    reload,
    loadedAt: () => loadedAt,
    refused: () => refused,
    unkept: keeper.failing,
  };
}

/** What opens the history, again after a failure. */
function versionsOf(
  { settings, endings }: Part,
  databases: Databases | undefined,
): () => Promise<Pick<VersionStore, 'enter' | 'close'>> {
  if (databases) {
    const store = postgresVersions(databases.shared, systemClock, `${hostname()} ${process.pid}`);
    endings.defer(store.close);
    // The connections mend themselves; the signs of life go on.
    return async () => ({ enter: store.enter, close: async () => undefined });
  }
  const options = { file: join(settings.data, VERSIONS_FILE) } satisfies VersionsOptions;
  return async () =>
    sqliteVersions(await startThread(new URL('../history/versions-thread', import.meta.url), options));
}

function entryOf({ digest }: Policy, texts: readonly PolicyText[]): Entry {
  return {
    digest,
    since: Date.now(),
    texts: texts.map(({ file, text }) => ({ file: basename(file), text })),
  };
}
