/** Questions that the reader asks again and again, kept in this browser. To share one, its address is enough. */

import { hrefOf, type Place } from '../location.ts';
import { useKept } from '../use-kept.ts';
import { useSay } from '../words/words.ts';

interface Saved {
  readonly name: string;
  readonly href: string;
}

export function SavedQuestions({ place }: { readonly place: Place }) {
  const say = useSay();
  const [saved, setSaved] = useKept<readonly Saved[]>('questions', []);
  return (
    <details class="saved">
      <summary>{say('list.saved')}</summary>
      <ul>
        {saved.map(({ name, href }) => (
          <li key={name}>
            <a href={href}>{name}</a>{' '}
            <button
              type="button"
              class="small"
              aria-label={say('list.forget', { name })}
              onClick={() => setSaved(saved.filter((one) => one.name !== name))}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget as HTMLFormElement;
          const name = String(new FormData(form).get('name')).trim();
          if (name === '') return;
          setSaved([
            ...saved.filter((one) => one.name !== name),
            { name, href: hrefOf(place.path, place.query) },
          ]);
          form.reset();
        }}
      >
        <label>
          {say('list.saveName')}
          <input name="name" maxLength={80} required />
        </label>
        <button type="submit">{say('list.save')}</button>
      </form>
      <p class="hint">{say('list.share')}</p>
    </details>
  );
}
