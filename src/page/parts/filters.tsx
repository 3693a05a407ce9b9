/** Filters that stand in the address bar: what is shown is what the link says. */
import { useEffect, useState } from 'preact/hooks';
import { go, hrefOf, type Place } from '../location.ts';
import type { Word } from '../words/en.ts';
import { useSay } from '../words/words.ts';

export interface Filter {
  /** As the API calls it. */
  readonly name: string;
  readonly word: Word;
  readonly choices?: readonly { readonly value: string; readonly word: Word }[];
  /** What is often asked for; anything else can be typed. */
  readonly usual?: readonly string[];
  /** An example of what can be typed. */
  readonly example?: string;
  /** Shown only when asked for, or set. */
  readonly rare?: boolean;
}

export function Filters({
  place,
  path,
  filters,
}: {
  readonly place: Place;
  readonly path: string;
  readonly filters: readonly Filter[];
}) {
  const say = useSay();
  const [more, setMore] = useState(() => filters.some(({ rare, name }) => rare && place.query.has(name)));
  const set = filters.some(({ name }) => place.query.has(name));

  useEffect(() => {
    const jump = (event: KeyboardEvent): void => {
      if (event.key !== '/' || isTyping(event)) return;
      event.preventDefault();
      document.querySelector<HTMLInputElement>('.filters input')?.focus();
    };
    addEventListener('keydown', jump);
    return () => removeEventListener('keydown', jump);
  }, []);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    const query = new URLSearchParams();
    for (const { name } of filters) {
      const value = String(values.get(name) ?? '').trim();
      if (value !== '') query.set(name, value);
    }
    go(hrefOf(path, query));
  }

  return (
    // Another query is another form, so that its fields show what is in force.
    <form class="filters" role="search" key={place.query.toString()} onSubmit={submit}>
      {filters
        .filter(({ rare, name }) => !rare || more || place.query.has(name))
        .map(({ name, word, choices, usual, example }) => (
          <label key={name} htmlFor={`filter-${name}`}>
            {say(word)}
            {choices ? (
              <select
                id={`filter-${name}`}
                name={name}
                defaultValue={place.query.get(name) ?? ''}
                value={place.query.get(name) ?? ''}
              >
                {choices.map(({ value, word: choice }) => (
                  <option key={value} value={value}>
                    {say(choice)}
                  </option>
                ))}
              </select>
            ) : (
              <>
                <input
                  type="text"
                  id={`filter-${name}`}
                  name={name}
                  defaultValue={place.query.get(name) ?? ''}
                  placeholder={example ?? ''}
                  {...(usual ? { list: `usual-${name}` } : {})}
                  spellcheck={false}
                  autocomplete="off"
                />
                {usual && (
                  <datalist id={`usual-${name}`}>
                    {usual.map((one) => (
                      <option key={one} value={one} />
                    ))}
                  </datalist>
                )}
              </>
            )}
          </label>
        ))}
      <div class="buttons">
        <button type="submit">{say('filter.apply')}</button>
        {!more && filters.some(({ rare }) => rare) && (
          <button type="button" onClick={() => setMore(true)}>
            {say('filter.more')}
          </button>
        )}
        {set && <a href={hrefOf(path)}>{say('filter.clear')}</a>}
      </div>
    </form>
  );
}

export function isTyping({ target }: Event): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
  );
}
