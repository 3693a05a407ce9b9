/** One thing that a person has to know of an import. */

/**
 * `lost`: what it allowed is refused now. `hole`: docker_auth allowed more than was meant, and that is refused now.
 * `look`: carried, but a person should know.
 */
export type FindingKind = 'lost' | 'hole' | 'look';

export interface Finding {
  readonly kind: FindingKind;
  readonly line: number;
  /** The number of the entry, where it is about one. */
  readonly entry?: number;
  readonly text: string;
}

export function quoted(text: string): string {
  return JSON.stringify(text);
}
