/** How an entry of a list of places names a certificate. */

const PREFIX = 'certificate:';

/** `{ certificate: X }` as one text. */
export function certificateEntry(pattern: string): string {
  return `${PREFIX}${pattern}`;
}

/** The pattern that an entry names; undefined for one that is an address, a range or a name. */
export function certificateNamed(text: string): string | undefined {
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length).trim() : undefined;
}
