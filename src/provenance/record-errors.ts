import { WardenError } from '../errors.ts';

/** Another push or deletion of the same tag or digest, or in the repository, is not settled yet, or too many wait for it. */
export class RecordBusy extends WardenError {
  constructor(repo: string, reference: string | undefined) {
    const what = reference === undefined ? repo : `${repo} ${reference}`;
    super('OUTCOME_UNKNOWN', {
      sentence: `an earlier push or deletion of ${what} is not settled yet; try again`,
      headers: { 'Retry-After': '5' },
    });
  }
}

/** The record cannot be written. `why` is for the operator: the client gets the table's message alone. */
export class RecordUnavailable extends WardenError {
  readonly why: string;
  constructor(why: string, cause?: unknown) {
    super('RECORD_UNAVAILABLE', cause === undefined ? {} : { cause });
    this.why = why;
  }
}
