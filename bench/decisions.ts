/** What one decision costs, with many rules. */
import { compilePolicy } from '../src/policy/compile.ts';
import { decide } from '../src/policy/decide.ts';
import type { Question } from '../src/policy/facts.ts';
import { policyDocument } from '../src/policy/schema.ts';
import type { Sizes } from './sizes.ts';

export interface DecisionCost {
  readonly rules: number;
  readonly compileMs: number;
  /** CPU nanoseconds of a decision that grants, and of one that refuses. */
  readonly granted: number;
  readonly refused: number;
}

const ASKED = 1000;
/** Decisions between two looks at the clock. */
const BATCH = 20;

/** Rules of 1 to 4 networks and a repository pattern each; the refused come from elsewhere. */
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
  const ask = (granted: boolean): readonly Question[] =>
    Array.from({ length: ASKED }, (_, nth) => {
      const at = (nth * 7919) % count;
      return {
        subject: { name: '', kind: 'anonymous', groups: [], method: 'none' },
        address: granted ? `10.${(at >> 8) & 255}.${at & 255}.1` : '192.0.2.1',
        tokenAddress: '192.0.2.1',
        repository: at % 10 === 0 ? `a/b/part-${at}` : `team-${at}/app`,
        actions: ['pull'],
        tag: undefined,
        time: 0,
        client: undefined,
        certificates: [],
      };
    });
  const measured = (granted: boolean): number => {
    const questions = ask(granted);
    const wanted = granted ? 'granted' : 'refused';
    const wrong = questions.find((question) => decide(policy, question).verdict !== wanted);
    if (wrong !== undefined) throw new Error(`${String(wrong.repository)} is not ${wanted}`);
    const until = performance.now() + decideMs / 2;
    const { user: before } = process.cpuUsage();
    let made = 0;
    while (performance.now() < until) {
      for (let nth = 0; nth < BATCH; nth++) decide(policy, questions[made++ % ASKED] as Question); // ASKED of them
    }
    return ((process.cpuUsage().user - before) * 1000) / made;
  };
  return { rules: count, compileMs, granted: measured(true), refused: measured(false) };
}
