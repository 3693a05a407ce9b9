/** Small values, each shown in one way wherever it stands. */
import { useState } from 'preact/hooks';
import { useSay } from '../words/words.ts';

/** A moment in the reader's own zone; in UTC where one points at it, and for programs. @param at RFC 3339. */
export function Time({ at }: { readonly at: string }) {
  const moment = new Date(at);
  return (
    <time dateTime={at} title={`${at.replace('T', ' ').replace('Z', '')} UTC`}>
      {localTime(moment)}
    </time>
  );
}

/** 2026-11-23 10:05:09, by the reader's clock. */
export function localTime(moment: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

/** A digest: as much as tells it apart, and a button that copies the whole. */
export function Digest({ value }: { readonly value: string }) {
  const say = useSay();
  const [copied, setCopied] = useState(false);
  const [algorithm = '', hex = ''] = value.split(':');
  return (
    <span class="digest">
      <code title={value}>
        {algorithm === 'sha256' ? '' : `${algorithm}:`}
        {hex.slice(0, 12)}
      </code>
      <button
        type="button"
        class="small"
        aria-label={`${say(copied ? 'copied' : 'copy')} ${value}`}
        onClick={(event) => {
          event.stopPropagation();
          void navigator.clipboard?.writeText(value).then(() => setCopied(true));
        }}
      >
        <Icon path={copied ? 'M3 8l3 3 7-7' : 'M5 5h8v9H5zM3 11V2h8'} />
      </button>
    </span>
  );
}

/** A link that somebody wrote, to elsewhere; what is none that a browser should follow is shown as text alone. */
export function WebLink({ href }: { readonly href: string }) {
  return /^https?:\/\//.test(href) ? (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {href}
    </a>
  ) : (
    <span>{href}</span>
  );
}

export function User({ name }: { readonly name: string | undefined }) {
  const say = useSay();
  if (name === undefined) return null;
  return name === '' ? <em>{say('anonymous')}</em> : <span>{name}</span>;
}

/** A drawing of lines on a ground of 16 by 16. */
export function Icon({ path }: { readonly path: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
