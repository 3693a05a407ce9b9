/** One accepted manifest with what it was directly built on. */
import { EVERYTHING } from '../common/kinds.ts';
import type { GatheredName, GatheredRecord } from './gathered.ts';

export interface Built {
  readonly idx: number;
  readonly repo: number;
  /** Of the manifest. */
  readonly digest: Uint8Array | undefined;
  readonly bases: readonly {
    /** The base's number among the names, and its digest. */
    readonly id: number;
    readonly digest: string;
    readonly of: string | undefined;
    readonly claimed: boolean;
  }[];
}

/** @param idOf the number that a name has. @returns none of a record that is not built on anything. */
export function builtsOf(
  { idx, repo, columns, bases }: GatheredRecord,
  idOf: (name: GatheredName | undefined) => number | null,
): readonly Built[] {
  if (bases.length === 0 || !repo) return [];
  return [
    {
      ...{ idx, repo: idOf(repo) ?? EVERYTHING, digest: columns.digest },
      bases: bases.map(({ base, of, claimed }) => ({
        ...{ id: idOf(base) ?? EVERYTHING, digest: base.text, of, claimed },
      })),
    },
  ];
}
