/** What an address shows that leads nowhere. */
import { BASE } from '../location.ts';
import { useSay } from '../words/words.ts';

export function NotFound() {
  const say = useSay();
  return (
    <main id="content">
      <h1>{say('notFound.title')}</h1>
      <p>{say('notFound.hint')}</p>
      <p>
        <a href={BASE}>{say('notFound.back')}</a>
      </p>
    </main>
  );
}
