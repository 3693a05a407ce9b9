import { useState } from 'preact/hooks';
import { Problem } from '../api.ts';
import { useSession } from '../session.tsx';
import { useSay } from '../words/words.ts';

export function SignIn() {
  const say = useSay();
  const { session, signIn } = useSession();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const values = new FormData(form);
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(String(values.get('user')), String(values.get('password')));
    } catch (error) {
      setProblem((error instanceof Problem && error.message) || say('problem.unreachable'));
      form.querySelector<HTMLInputElement>('[name=password]')?.select();
    } finally {
      setBusy(false);
    }
  }

  return (
    <main id="content" class="sign-in">
      <h1>{say('signIn.title')}</h1>
      {problem && (
        <p role="alert" class="failed">
          {problem}
        </p>
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
          <a class="button" href={href} target="_self">
            {say('signIn.with', { name })}
          </a>
        </p>
      ))}
    </main>
  );
}
