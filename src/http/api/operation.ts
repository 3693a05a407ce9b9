/**
 * What the API offers: one declaration an operation, from which come its address, what is read of a request, and its part
 * of the OpenAPI document. There is no other way to an address of the API.
 */
import type { z } from 'zod';
import type { ErrorName } from '../../errors.ts';

export const GROUPS = {
  record: 'Questions to the record and to the inventory of pulls',
  log: 'The signed tree of the record, and its proofs',
  policy: 'Questions to the policy',
  machines: 'Robots, and push grants',
  logins: 'Tokens, and logins that last',
  attestations: 'What Warden attests of images',
  registry: 'The record compared with the registry',
  description: 'This description',
} as const;

export interface Operation {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** HEAD is offered too. */
  readonly head?: true;
  /** As OpenAPI writes it: `/api/v1/robots/{name}`. */
  readonly path: string;
  /** What the router takes for it, where `path` cannot say it. Asked after all that have none. */
  readonly pattern?: RegExp;
  /** How the log and the metrics call it. */
  readonly route: string;
  readonly group: keyof typeof GROUPS;
  /** In one line. */
  readonly summary: string;
  /** Markdown. */
  readonly description?: string;
  /** `login`: a password or a token of whoever asks. `credentials`: what it needs is in the request itself. */
  readonly access: 'public' | 'login' | 'credentials';
  /** By the name of a part of `path`: what it is. */
  readonly parts?: Readonly<Record<string, string>>;
  readonly query?: z.ZodObject<z.ZodRawShape>;
  /** Of the request, by name: what it is. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly answer: Answer;
  /** Besides those of every request with this access. */
  readonly errors: readonly ErrorName[];
}

export interface Body {
  readonly type: 'application/json' | 'application/x-www-form-urlencoded';
  readonly schema: z.ZodType;
  /** In bytes. */
  readonly limit?: number;
}

export interface Answer {
  readonly status: 200 | 201 | 204;
  /** Strict: what it does not have is not answered. */
  readonly json?: z.ZodType;
  /** By media type: answers that are no JSON. */
  readonly other?: Readonly<Record<string, string>>;
}

export type Operations = Readonly<Record<string, Operation>>;

/**
 * An operation that has parameters reads them itself, once it knows who asks. What stands outside the API follows the
 * specifications of others, in which clients may say more than is known here.
 */
export function refusesParameters({ path, query }: Operation): boolean {
  return query === undefined && path.startsWith('/api/');
}
