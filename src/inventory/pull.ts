/** A pull as it is counted, asked for, and found. */

/** What was counted since the last flush. */
export interface PullCount {
  readonly address: string;
  readonly host?: string;
  readonly subject: string;
  readonly repository: string;
  readonly digest: string;
  readonly reference: string;
  readonly client?: string;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  readonly gets: number;
  readonly heads: number;
}

/** Which pulls. All that are given must hold. */
export interface PullFilters {
  readonly repository?: string;
  readonly tag?: string;
  readonly user?: string;
  readonly host?: string;
  readonly network?: string;
  /** Of these repositories, whole names. */
  readonly among?: readonly string[];
  /** With its algorithm; a part of its hex is enough. */
  readonly digest?: string;
  /** One of these, whole. */
  readonly digests?: readonly string[];
  /** Milliseconds since 1970: last pulled at `since` or later, first pulled before `until`. */
  readonly since?: number;
  readonly until?: number;
}

/** A place in the order of answers, newest first. */
export interface PullPlace {
  readonly last: number;
  readonly id: number;
}

export interface PullQuestion {
  readonly filters: PullFilters;
  readonly limit: number;
  readonly after?: PullPlace;
}

export interface FoundPull extends PullCount {
  readonly id: number;
}
