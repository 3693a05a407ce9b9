/**
 * Says in words why PostgreSQL failed, without what was sent to it.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
import { StoreError } from './thread.ts';

/** The `errcode` of a StoreError where the database cannot be used just now. Negative, so that it is none of SQLite's. */
export const DATABASE_TROUBLE = -3;
/** The same where waiting does not help: its settings, its rights, or the release of its tables. */
export const DATABASE_UNFIT = -4;

/** By SQLSTATE, or its class. What a person can act on. */
const SENTENCES: Readonly<Record<string, string>> = {
  '53100': 'its disk is full',
  '53300': 'it has too many connections',
  '25006': 'it is read-only: a standby, or made so',
  '57014': 'it did not answer in time',
  '55P03': 'another connection holds a lock for too long',
  '25P03': 'this process was stopped in the middle of a transaction',
  '58': 'it reports a failure of its disk',
  XX: 'it reports an internal error',
};

/** Waiting does not mend these: no such database or user, a wrong password, no right, no such table. */
const UNFIT = /^(?:28|3D|3F|42)/;

interface Failure {
  readonly code?: string;
  readonly message?: string;
}

/** @param error of pg: a reply of the server has a SQLSTATE of five characters, a socket's an errno name. */
export function postgresFailure(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message = String(error) } = error as Failure;
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) {
    const known = SENTENCES[code] ?? SENTENCES[code.slice(0, 2)];
    const reason = known ?? `it refused: ${message}`;
    return new StoreError(
      `PostgreSQL: ${reason} (${code})`,
      UNFIT.test(code) ? DATABASE_UNFIT : DATABASE_TROUBLE,
    );
  }
  return new StoreError(`PostgreSQL does not answer (${code ?? wordOf(message)})`, DATABASE_TROUBLE);
}

/** Whether waiting does not help. */
export function isUnfit(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === DATABASE_UNFIT;
}

/** Whether the database failed, as opposed to what it was asked. */
export function isTroubleOfDatabase(error: unknown): boolean {
  return isUnfit(error) || (error as { errcode?: number }).errcode === DATABASE_TROUBLE;
}

/** pg's own sentences: its time-outs, and a connection that ended. */
function wordOf(message: string): string {
  if (/timeout|timed out/i.test(message)) return 'no answer in time';
  if (/terminated|closed|ended/i.test(message)) return 'the connection ended';
  return message;
}
