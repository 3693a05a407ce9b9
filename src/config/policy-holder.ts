/** Keeps the policy that decides, and replaces it when its files change. A bad file changes nothing. */
import type { Policy } from '../policy/policy.ts';
import type { LoadedPolicy } from './policy-files.ts';
import type { Problem } from './yaml.ts';

export interface PolicyHolderOptions {
  /** What decides until the first change. */
  readonly initial: Policy;
  readonly load: () => Promise<LoadedPolicy>;
  /** A policy of another meaning is about to decide, and does when this is fulfilled, or rejected. */
  readonly beforeChange?: (next: Extract<LoadedPolicy, { ok: true }>) => Promise<void>;
  /** A policy of another meaning decides from now on. */
  readonly onChange: (next: Policy, previous: Policy, warnings: readonly Problem[]) => void;
  /** The files are bad; the policy before them goes on. */
  readonly onProblem: (problems: readonly Problem[]) => void;
}

export interface PolicyHolder {
  /** Ask at each decision: it is one reference, replaced as a whole. */
  current(): Policy;
  /** Resolves when the files as they stand now have been looked at. Rejects only where a callback throws. */
  reload(): Promise<'changed' | 'same' | 'refused'>;
}

type Outcome = Awaited<ReturnType<PolicyHolder['reload']>>;

export function createPolicyHolder({
  initial,
  load,
  beforeChange,
  onChange,
  onProblem,
}: PolicyHolderOptions): PolicyHolder {
  let policy = initial;
  let last: Promise<Outcome> = Promise.resolve('same');

  async function reloadNow(): Promise<Outcome> {
    const loaded = await load().catch(unreadable);
    if (!loaded.ok) {
      onProblem(loaded.problems);
      return 'refused';
    }
    const previous = policy;
    const changed = loaded.policy.digest !== previous.digest;
    // Nothing that is done beside may keep a policy from deciding that takes rights away.
    if (changed) await beforeChange?.(loaded).catch(() => undefined);
    policy = loaded.policy;
    if (!changed) return 'same';
    onChange(policy, previous, loaded.warnings);
    return 'changed';
  }

  return Object.freeze({
    current: () => policy,
    // One after another: an older reading must not replace a newer one.
    reload: () => {
      last = last.then(reloadNow, reloadNow);
      return last;
    },
  });
}

/** A defect of the loader must not take away the policy that decides; it is told like a bad file. */
function unreadable(error: unknown): LoadedPolicy {
  const reason = (error as { message?: string } | null)?.message ?? String(error);
  const problem = {
    file: '(policy)',
    line: 1,
    column: 1,
    message: `the policy could not be loaded: ${reason}`,
  };
  return { ok: false, problems: [problem] };
}

export interface PolicyWatchOptions {
  /** See `stampPolicyFiles`. */
  readonly stamp: () => Promise<string>;
  /** The stamp of the files when the present policy was read. */
  readonly initialStamp: string;
  readonly reload: () => Promise<unknown>;
  readonly intervalMs: number;
}

/**
 * Looks at the files again and again, and has them read when two looks, one after the other, find the same change. Asking is
 * dull but sees every kind of change, also on network file systems and in folders that a container engine replaces by a
 * symbolic link.
 */
export function watchPolicy({ stamp, initialStamp, reload, intervalMs }: PolicyWatchOptions): {
  close(): void;
} {
  let seen = initialStamp;
  /** What the files were at the last look, if they differed from what was read. */
  let settling: string | undefined;
  let closed = false;
  let timer = setTimeout(look, intervalMs).unref();

  async function lookNow(): Promise<void> {
    // Before the reading, so that what is written during it is seen the next time.
    const now = await stamp();
    if (now === seen) settling = undefined;
    else if (now !== settling)
      // A rule that is cut off before its `from` allows more than anybody meant: what is still being written waits.
      settling = now;
    else if (!closed) {
      seen = now;
      settling = undefined;
      await reload();
    }
    if (!closed) timer = setTimeout(look, intervalMs).unref();
  }

  function look(): void {
    void lookNow();
  }

  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
