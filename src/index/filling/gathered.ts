/** A batch of records as rows of the index, added up where several records touch the same row. */

import type { NameKind } from '../common/kinds.ts';
import type { IndexColumns } from './columns.ts';

/** A name, and what the batch says of it. */
export interface GatheredName {
  readonly kind: NameKind;
  readonly text: string;
  readonly sort: Uint8Array | undefined;
  records: number;
  readonly firstIdx: number;
  lastIdx: number;
  firstTime: number;
  lastTime: number;
}

export interface GatheredTag {
  readonly repo: GatheredName;
  readonly name: string;
  records: number;
  lastIdx: number;
  /** Of the last record that says where it points; undefined where none of the batch does. */
  movedIdx: number | undefined;
  /** Who moved it, users and hosts. */
  readonly by: Map<GatheredName, { pushes: number; lastIdx: number }>;
}

export interface GatheredRecord {
  readonly idx: number;
  readonly columns: IndexColumns;
  readonly type: GatheredName;
  readonly repo: GatheredName | undefined;
  readonly tag: GatheredTag | undefined;
  readonly actor: GatheredName | undefined;
  readonly host: GatheredName | undefined;
  readonly address: GatheredName | undefined;
  readonly job: GatheredName | undefined;
  readonly labels: GatheredName | undefined;
  readonly reason: GatheredName | undefined;
  readonly rules: readonly GatheredName[];
  readonly bases: readonly {
    readonly base: GatheredName;
    readonly of: string | undefined;
    readonly claimed: boolean;
  }[];
}

/** `name` undefined: everything. */
export interface GatheredTally {
  readonly name: GatheredName | undefined;
  /** Hours since 1970. */
  readonly hour: number;
  readonly type: GatheredName;
  events: number;
}

/** Of a span of days; see LEVELS. */
export interface GatheredSpan {
  readonly name: GatheredName | undefined;
  readonly level: number;
  /** Spans of this level since 1970. */
  readonly bucket: number;
  readonly type: GatheredName;
  events: number;
}

/** How many records of each type, ever. */
export interface GatheredTotal {
  readonly name: GatheredName;
  readonly type: GatheredName;
  records: number;
}

export interface GatheredRefusals {
  readonly hour: number;
  readonly of: GatheredRecord;
  readonly rule: GatheredName | undefined;
  events: number;
  readonly firstIdx: number;
  lastIdx: number;
}

export interface Gathered {
  readonly names: readonly GatheredName[];
  readonly tags: readonly GatheredTag[];
  readonly records: readonly GatheredRecord[];
  readonly tallies: readonly GatheredTally[];
  readonly daySpans: readonly GatheredSpan[];
  readonly totals: readonly GatheredTotal[];
  readonly refusals: readonly GatheredRefusals[];
  /** First and last index of each hour. */
  readonly spans: ReadonlyMap<number, { readonly first: number; readonly last: number }>;
}
