/** The proof of one record, checked here, and the files with which anybody can check it elsewhere. */
import { useState } from 'preact/hooks';
import { getText, type Problem } from '../api.ts';
import { type Checked, checkRecord } from '../proof/check.ts';
import { Unproved } from '../proof/unproved.ts';
import { save } from '../save.ts';
import { problemOf } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { ProblemSaid } from './problem.tsx';

const keys = async (): Promise<readonly string[]> =>
  (await getText('log/keys')).split('\n').filter((line) => line !== '');
const proof = (index: number): Promise<string> =>
  getText('log/proof', new URLSearchParams({ index: String(index) }));
const consistency = (from: number, to: number): Promise<string> =>
  getText('log/consistency', new URLSearchParams({ from: String(from), to: String(to) }));

type State =
  | { readonly ok: Checked }
  | { readonly wrong: Unproved }
  | { readonly problem: Problem }
  | 'checking'
  | undefined;

/** @param leaf the record's text as the log has it; absent where the reader may not see all of it. */
export function Proof({ index, leaf }: { readonly index: number; readonly leaf: string | undefined }) {
  const say = useSay();
  const [state, setState] = useState<State>();
  if (leaf === undefined) return <p>{say('record.noProof')}</p>;

  async function check(text: string): Promise<void> {
    setState('checking');
    try {
      setState({
        ok: await checkRecord(index, new TextEncoder().encode(text), { keys, proof, consistency }),
      });
    } catch (error) {
      setState(error instanceof Unproved ? { wrong: error } : { problem: problemOf(error) });
    }
  }

  return (
    <>
      <p>
        <button type="button" disabled={state === 'checking'} onClick={() => void check(leaf)}>
          {say(state === 'checking' ? 'proof.checking' : 'proof.check')}
        </button>
      </p>
      <div role="status">
        {typeof state === 'object' && 'ok' in state && (
          <p class="good">
            {say('proof.ok', {
              size: state.ok.checkpoint.size,
              who: state.ok.checkpoint.signedBy.join(', '),
            })}{' '}
            {state.ok.before === undefined
              ? say('proof.first')
              : say('proof.goesOn', { size: state.ok.before })}
          </p>
        )}
        {typeof state === 'object' && 'wrong' in state && (
          <p class="bad">{say('proof.failed', { why: say(state.wrong.word, state.wrong.values) })}</p>
        )}
        {typeof state === 'object' && 'problem' in state && <ProblemSaid problem={state.problem} />}
      </div>
      <p class="hint">{say('proof.plain')}</p>
      <p>
        <button
          type="button"
          onClick={() => void proof(index).then((text) => save(`record-${index}.tlog-proof`, text))}
        >
          {say('proof.download')}
        </button>{' '}
        <button type="button" onClick={() => save(`record-${index}.json`, leaf)}>
          {say('proof.leaf')}
        </button>
      </p>
    </>
  );
}
