/** A long filling, which puts off what costs most until its end. */

/** How far a long filling is. What is greater are the steps of its end, which each database has its own of. */
export const BULK = { none: 0, filling: 1 } as const;

/** Entries of a log, from which on a filling from the beginning puts off what costs most. */
export const BULK_FROM = 50_000;
