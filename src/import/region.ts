/** Parts of what an entry of an ACL is about; regions.ts puts them together. */
import type { Entry } from './docker-auth-file.ts';
import type { Who } from './who.ts';

/** `repository`: pull, push and delete. `catalog`: the list of all repositories (registry:catalog:*). */
export type Target = 'repository' | 'catalog';

export interface Region {
  /** Undefined: everyone, also without a login. */
  readonly who: Who | undefined;
  readonly repositories: readonly string[];
  readonly from: string | undefined;
}

export interface Regions {
  readonly regions: readonly Region[];
  /**
   * Of the wide answer: what the entry may also be about for users whom the file does not name, and who may yet come.
   * Undefined where that is told by the regions.
   */
  readonly strangers: Region | undefined;
  /** Why the entry cannot be told; its narrow answer is then empty. */
  readonly unread: string | undefined;
}

export interface Found {
  readonly regions: readonly Region[];
  readonly strangers: Region | undefined;
}

/** The repositories that a filled-in pattern is about. A sentence where it cannot be read. */
export type Reach = (text: string) => readonly string[] | string;

export const EVERYTHING: readonly string[] = ['**'];

export function fromOf({ from }: Entry): string | undefined {
  return from === 'never' ? undefined : from;
}
