import { useState } from 'preact/hooks';
import type { Problem } from '../api.ts';
import { usePlace } from '../location.ts';
import { ProblemSaid } from '../parts/problem.tsx';
import { refusalIn, useSession } from '../session.tsx';
import { problemOf } from '../use-answer.ts';
import { useSay } from '../words/words.ts';

export function SignIn() {
  const say = useSay();
  const { session, signIn, signInWith } = useSession();
  const refusal = refusalIn(usePlace().query);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);

  async function attempt(work: () => Promise<void>, onFailure?: () => void): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(problemOf(error));
      onFailure?.();
    } finally {
      setBusy(false);
    }
  }

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const values = new FormData(form);
    await attempt(
      () => signIn(String(values.get('user')), String(values.get('password'))),
      () => form.querySelector<HTMLInputElement>('[name=password]')?.select(),
    );
  }

  return (
    <main id="content" class="sign-in">
      <h1>{say('signIn.title')}</h1>
      {(problem || refusal) && (
        <div role="alert" class="failed">
          {problem ? (
            <ProblemSaid problem={problem} />
          ) : (
            refusal && (
              <p>
                {say(`signIn.${refusal.why}`)}
                {refusal.request && ` ${say('signIn.request', { id: refusal.request })}`}
              </p>
            )
          )}
        </div>
      )}
      <form onSubmit={(event) => void submit(event)}>
        <label>
          {say('signIn.user')}
          <input name="user" autocomplete="username" required />
        </label>
        <label>
          {say('signIn.password')}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <button type="submit" disabled={busy}>
          {say('signIn.button')}
        </button>
      </form>
      {session?.providers.map(({ name, href }) => (
        <p key={href}>
          <button type="button" disabled={busy} onClick={() => void attempt(() => signInWith(href))}>
            {say('signIn.with', { name })}
          </button>
        </p>
      ))}
    </main>
  );
}
