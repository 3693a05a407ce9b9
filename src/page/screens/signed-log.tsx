/** What the log has signed last. */
import { useEffect, useState } from 'preact/hooks';
import { getText, Problem } from '../api.ts';
import { Failed, Loading } from '../parts/states.tsx';
import { useSay } from '../words/words.ts';

export function SignedLog() {
  const say = useSay();
  const [note, setNote] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    getText('log/checkpoint').then(setNote, (error: unknown) =>
      setProblem(error instanceof Problem ? error : new Problem(0, 'PAGE', String(error))),
    );
  }, []);
  return (
    <main id="content">
      <h1>{say('nav.log')}</h1>
      <h2>{say('log.checkpoint')}</h2>
      {problem ? (
        problem.status === 404 ? (
          <p>{say('log.none')}</p>
        ) : (
          <Failed problem={problem} />
        )
      ) : note === undefined ? (
        <Loading />
      ) : (
        <pre tabIndex={0}>{note}</pre>
      )}
      <p class="hint">{say('log.hint')}</p>
    </main>
  );
}
