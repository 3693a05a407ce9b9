/** How the log is, and what it has signed last. */
import { getText } from '../api.ts';
import { LogHealth } from '../overview/log-health.tsx';
import { useStatus } from '../overview/status.ts';
import { Shown } from '../parts/states.tsx';
import { useAsked } from '../use-answer.ts';
import { useSay } from '../words/words.ts';

export function SignedLog() {
  const say = useSay();
  const note = useAsked('checkpoint', (signal) => getText('log/checkpoint', undefined, signal));
  const status = useStatus();
  const none = note.state === 'failed' && note.problem.status === 404;
  return (
    <main id="content">
      <h1>{say('nav.log')}</h1>
      <div class="cards">
        <LogHealth answer={status} />
      </div>
      <h2>{say('log.checkpoint')}</h2>
      {none ? (
        <p>{say('log.none')}</p>
      ) : (
        <Shown answer={note}>{(text) => <pre tabIndex={0}>{text}</pre>}</Shown>
      )}
      <p class="hint">{say('log.hint')}</p>
    </main>
  );
}
