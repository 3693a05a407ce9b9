/** What the cells of tables have in common. */

/** To the second: the milliseconds are in the JSON. */
export function moment(time: string): string {
  return time.slice(0, 19).replace('T', ' ');
}

/** The digest has a column of its own. */
export function named(repository: string, reference: string): string {
  return reference.includes(':') ? repository : `${repository}:${reference}`;
}

/** As many hex digits as docker shows; the filter takes them as they are. */
export function short(digest: string | undefined): string {
  return digest?.replace(/^sha256:/, '').slice(0, 12) ?? '';
}

export function userOf(name: string): string {
  return name === '' ? '(anonymous)' : name;
}

export function placeOf(address: string | undefined, host: string | undefined): string {
  return [host, address].filter((part) => part !== undefined).join(' ');
}
