/** Holds the policy in force, takes over a changed one, and records which one decides. */
import { loadPolicy, stampPolicyFiles } from '../config/policy-files.ts';
import { createPolicyHolder, watchPolicy } from '../config/policy-holder.ts';
import { describeProblem } from '../config/yaml.ts';
import type { Policy } from '../policy/policy.ts';
import type { Loaded } from '../preflight.ts';
import { type Part, reportProblems, WATCH_MS } from './part.ts';
import type { OpenedRecord } from './record.ts';

export interface PolicyInForce {
  readonly current: () => Policy;
  readonly reload: () => Promise<void>;
  /** Milliseconds since 1970. */
  readonly loadedAt: () => number;
  /** True while the files on disk are refused and an older policy decides. */
  readonly refused: () => boolean;
}

export async function openPolicy(
  { settings, log, endings }: Part,
  { policy: initial, policyStamp: initialStamp }: Pick<Loaded, 'policy' | 'policyStamp'>,
  { recorder, audit }: OpenedRecord,
): Promise<PolicyInForce> {
  let loadedAt = Date.now();
  let refused = false;
  const holder = createPolicyHolder({
    initial,
    load: () => loadPolicy(settings.policy),
    onChange(next, previous, warnings) {
      loadedAt = Date.now();
      log.info({ digest: next.digest, from: previous.digest }, 'another policy decides from now on');
      for (const warning of warnings) log.warn({ problem: describeProblem(warning) }, 'policy');
      record(next.digest, previous.digest);
    },
    onProblem: (problems) =>
      reportProblems(log, 'the policy on disk is refused; the last good one goes on', problems),
  });

  function record(digest: string, from: string | undefined): void {
    recorder
      .append({ type: 'policy.changed', policy: { digest, ...(from !== undefined && { from }) } })
      .catch((error: unknown) => log.error({ err: error }, 'the change of policy could not be recorded'));
  }
  async function reload(): Promise<void> {
    refused = (await holder.reload()) === 'refused';
  }

  log.info({ digest: initial.digest }, 'policy');
  const [last] = (await audit.ask('pushes', { type: 'policy.changed', limit: '1' }, () => true)).items;
  const before = last !== undefined && 'policy' in last ? last.policy?.digest : undefined;
  // A restart with the policy of before is no change.
  if (before !== initial.digest) record(initial.digest, before);
  const stamp = () => stampPolicyFiles(settings.policy);
  const watching = watchPolicy({ stamp, initialStamp, reload, intervalMs: WATCH_MS });
  endings.defer(() => watching.close());
  return { current: holder.current, reload, loadedAt: () => loadedAt, refused: () => refused };
}
