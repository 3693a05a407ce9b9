/** A table of which the reader chooses the columns, and through which the keyboard goes. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { go } from '../location.ts';
import { useKept } from '../use-kept.ts';
import type { Word } from '../words/en.ts';
import { useSay } from '../words/words.ts';
import { isTyping } from './filters.tsx';

export interface Column<T> {
  readonly word: Word;
  readonly cell: (item: T) => ComponentChildren;
  /** Not shown until it is chosen. */
  readonly extra?: boolean;
}

export interface TableProps<T> {
  /** Under which the choice of columns is kept. */
  readonly name: string;
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string | number;
  /** Where a row leads: a link of its own before the cells, which have buttons and links themselves. */
  readonly leads?: {
    /** The head of that column. */
    readonly word: Word;
    readonly to: (item: T) => { readonly href: string; readonly text: string };
  };
}

export function Table<T>({ name, caption, columns, items, keyOf, leads }: TableProps<T>) {
  const say = useSay();
  const usual = columns.filter(({ extra }) => !extra).map(({ word }) => word);
  const [chosen, setChosen] = useKept<readonly Word[]>(`columns.${name}`, usual);
  const shown = columns.filter(({ word }) => chosen.includes(word));
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);

  return (
    <>
      <details class="columns">
        <summary>{say('columns')}</summary>
        <fieldset>
          <legend class="hidden">{say('columns')}</legend>
          {columns.map(({ word }) => (
            <label key={word}>
              <input
                type="checkbox"
                checked={chosen.includes(word)}
                onChange={() =>
                  setChosen(chosen.includes(word) ? chosen.filter((one) => one !== word) : [...chosen, word])
                }
              />
              {say(word)}
            </label>
          ))}
        </fieldset>
      </details>
      <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              {leads && <th scope="col">{say(leads.word)}</th>}
              {shown.map(({ word }) => (
                <th key={word} scope="col">
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            {items.map((item) => {
              const lead = leads?.to(item);
              return (
                // A mouse may go anywhere in the row; everybody else has the link in its first cell.
                <tr key={keyOf(item)} {...(lead && { class: 'leads', onClick: followRow(lead.href) })}>
                  {lead && (
                    <td>
                      <a class="row" href={lead.href}>
                        {lead.text}
                      </a>
                    </td>
                  )}
                  {shown.map(({ word, cell }) => (
                    <td key={word}>{cell(item)}</td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Not where somebody selects text, or meant something else in the row. */
function followRow(href: string): (event: MouseEvent) => void {
  return (event) => {
    const selecting = String(getSelection() ?? '') !== '';
    if (!event.defaultPrevented && !selecting && !(event.target as Element).closest('a,button')) go(href);
  };
}

/** j and k go down and up, from row to row. */
function useRowKeys(body: { readonly current: HTMLTableSectionElement | null }): void {
  useEffect(() => {
    const move = (event: KeyboardEvent): void => {
      const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0;
      if (step === 0 || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      const rows = [...(body.current?.querySelectorAll<HTMLAnchorElement>('a.row') ?? [])];
      const at = rows.indexOf(document.activeElement as HTMLAnchorElement);
      rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
    };
    addEventListener('keydown', move);
    return () => removeEventListener('keydown', move);
  }, [body]);
}
