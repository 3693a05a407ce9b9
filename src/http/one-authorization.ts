/** Which of two credentials would count is a matter of taste between servers, so neither does. */
import type { IncomingMessage } from 'node:http';
import { WardenError } from '../errors.ts';

/** @throws {WardenError} REQUEST_MALFORMED where the header Authorization is there twice. Node gives the first of them. */
export function requireOneAuthorization({ headers, rawHeaders }: IncomingMessage): void {
  if (headers.authorization === undefined) return;
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  if (names.filter((name) => name.toLowerCase() === 'authorization').length > 1) {
    throw new WardenError('REQUEST_MALFORMED', {
      sentence: 'the header authorization is given more than once',
    });
  }
}
