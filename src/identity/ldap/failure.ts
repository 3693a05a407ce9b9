/** What a directory did instead of answering. */
import { ResultCodeError } from 'ldapts';

/**
 * The directory did not answer, or not in a way that anything can be decided by. For the log: `reason` holds a code or a
 * few words of ours, never what the server wrote, since that may repeat names and addresses.
 */
export class DirectoryFailure extends Error {
  override readonly name = 'DirectoryFailure';
  readonly reason: string;

  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super(`the directory failed: ${reason}`, options);
    this.reason = reason;
  }
}

/** @returns what was thrown as a failure; result codes are those of RFC 4511 section 4.1.9. */
export function asFailure(thrown: unknown): DirectoryFailure {
  if (thrown instanceof DirectoryFailure) return thrown;
  return new DirectoryFailure(reasonOf(thrown), { cause: thrown });
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof ResultCodeError) return `result code ${thrown.code}`;
  const { code, message = '' } = (thrown ?? {}) as { code?: unknown; message?: string };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  return /timed out/.test(message) ? 'no answer in time' : 'the connection broke';
}
