/** The key of Warden's tokens at the registry: taken over when its file is another, and renewed before its certificate ends. */
import { access } from 'node:fs/promises';
import { describeProblem } from '../config/yaml.ts';
import type { Acts } from '../provenance/acts.ts';
import { timestamp } from '../store/clock.ts';
import { loadSigningKey } from '../token/keys.ts';
import { makeLeafFile } from '../token/make-certificates.ts';
import { loadUpstreamKey, type UpstreamKey } from '../token/upstream-key.ts';
import { stampOf } from './file-stamp.ts';
import { type Part, reportProblems, WATCH_MS } from './part.ts';

export interface UpstreamKeyInUse {
  readonly current: () => UpstreamKey;
  readonly reload: () => Promise<void>;
}

const DAY_MS = 86_400_000;
/** With less time left it is renewed, where the key of the CA is there. A third of its time has passed then. */
const RENEW_BEFORE_MS = 60 * DAY_MS;
/** With less, somebody must do something: it is said once a day. */
const WARN_BEFORE_MS = 30 * DAY_MS;
const CHECK_MS = 3_600_000;

export function watchUpstreamKey(
  { settings, log, endings }: Part,
  initial: UpstreamKey,
  acts: Pick<Acts, 'keep'>,
): UpstreamKeyInUse {
  const { keyFile, certificateFile, caKeyFile } = settings.registry;
  let current = initial;
  let seen = '';
  let told = '';
  let warnedAt = Number.NEGATIVE_INFINITY;

  async function look(again: boolean): Promise<void> {
    const stamp = await stampOf([keyFile, certificateFile]);
    if (stamp === seen && !again) return;
    seen = stamp;
    const loaded = loadUpstreamKey({ keyFile, certificateFile, now: Date.now() });
    if (!loaded.ok) {
      const state = loaded.problems.map(describeProblem).join();
      if (state !== told)
        reportProblems(
          log,
          "the registry's key on disk is refused; the last good one goes on",
          loaded.problems,
        );
      told = state;
      return;
    }
    told = '';
    const { upstream } = loaded;
    if (upstream.key.kid === current.key.kid && upstream.expiresAt === current.expiresAt) return;
    // The registry reads its bundle at its start: what is trusted by another certificate than then waits for a restart.
    if (upstream.authorities === undefined || upstream.authorities !== initial.authorities) {
      log.warn(
        { file: certificateFile },
        'the registry must trust another certificate: restart it, then Warden',
      );
      return;
    }
    current = upstream;
    const until = timestamp(upstream.expiresAt);
    log.info({ kid: upstream.key.kid, until }, "another key signs the registry's tokens from now on");
  }

  async function keepFresh(): Promise<void> {
    const left = current.expiresAt - Date.now();
    if (left > RENEW_BEFORE_MS) return;
    try {
      if (current.renewable && (await isThere(caKeyFile))) return await renew();
    } catch (error) {
      log.warn({ err: error }, "the registry's key cannot be renewed");
    }
    if (left > WARN_BEFORE_MS || performance.now() - warnedAt < DAY_MS) return;
    warnedAt = performance.now();
    const until = timestamp(current.expiresAt);
    log.warn({ until }, 'the registry refuses every request when the certificate of its key ends');
  }

  async function renew(): Promise<void> {
    const authority = loadSigningKey(caKeyFile);
    if (!authority.ok) {
      reportProblems(log, "the registry's key cannot be renewed", authority.problems);
      return;
    }
    const from = current.key;
    const made = await makeLeafFile({
      ...{ file: keyFile, algorithm: from.algorithm, authority: authority.key, now: Date.now() },
    });
    await look(true);
    await acts.keep({
      type: 'key.changed',
      key: {
        ...{ use: 'registry', change: 'made', kid: made.key.kid, from: from.kid },
        expires: timestamp(made.expiresAt),
      },
    });
  }

  const watching = setInterval(() => void look(false), WATCH_MS).unref();
  const checking = setInterval(() => void keepFresh(), CHECK_MS).unref();
  endings.defer(() => {
    clearInterval(watching);
    clearInterval(checking);
  });
  void keepFresh();
  return {
    current: () => current,
    async reload() {
      await look(true);
      await keepFresh();
    },
  };
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
