/** What one decision costs, with many rules. */
import { isDeepStrictEqual } from 'node:util';
import { compilePolicy } from '../src/policy/compile.ts';
import { decide } from '../src/policy/decide.ts';
import type { Question } from '../src/policy/facts.ts';
import { policyDocument } from '../src/policy/schema.ts';
import type { Sizes } from './sizes.ts';

export interface DecisionCost {
  readonly rules: number;
  readonly compileMs: number;
  readonly nanoseconds: number;
}

const ASKED = 1000;
/** Decisions between two looks at the clock. */
const BATCH = 20;

/** Rules of 1 to 4 networks and a repository pattern each; half of the questions are granted. */
export function measureDecisions(count: number, { decideMs }: Sizes): DecisionCost {
  const rules = Array.from({ length: count }, (_, at) => ({
    id: `rule-${at}`,
    allow: ['pull'],
    repositories: [at % 10 === 0 ? `**/part-${at}` : `team-${at}/**`],
    from: Array.from(
      { length: 1 + (at % 4) },
      (_, nth) => `10.${(at >> 8) & 255}.${at & 255}.${nth * 64}/26`,
    ),
  }));
  const document = policyDocument.parse({ rules });
  const started = performance.now();
  const compiled = compilePolicy([{ file: 'bench', document, positionOf: () => ({ line: 1, column: 1 }) }]);
  const compileMs = performance.now() - started;
  if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
  const { policy } = compiled;
  const questions = Array.from({ length: ASKED }, (_, nth): Question => {
    const at = (nth * 7919) % count;
    const granted = nth % 2 === 0;
    return {
      subject: { name: '', kind: 'anonymous', groups: [], method: 'none' },
      address: granted ? `10.${(at >> 8) & 255}.${at & 255}.1` : '192.0.2.1',
      tokenAddress: '192.0.2.1',
      repository: at % 10 === 0 ? `a/b/part-${at}` : `team-${at}/app`,
      actions: ['pull'],
      tag: undefined,
      time: 0,
      client: undefined,
      certificate: undefined,
    };
  });
  const verdicts = questions.slice(0, 2).map((question) => decide(policy, question).verdict);
  if (!isDeepStrictEqual(verdicts, ['granted', 'refused'])) {
    throw new Error(`the decisions are ${verdicts}, so not what was to be measured`);
  }
  const until = performance.now() + decideMs;
  const { user: before } = process.cpuUsage();
  let made = 0;
  while (performance.now() < until) {
    for (let nth = 0; nth < BATCH; nth++) decide(policy, questions[made++ % ASKED] as Question); // ASKED of them
  }
  const nanoseconds = ((process.cpuUsage().user - before) * 1000) / made;
  return { rules: count, compileMs, nanoseconds };
}
