/** What is revoked, in one form for the store, for Redis and for memory. Pure. */
import { z } from 'zod';

/**
 * `token` is named by its jti. `checks` revokes no login: it tells every instance to forget the password checks that it
 * remembers.
 */
export const REVOKED_KINDS = ['subject', 'robot', 'grant', 'session', 'token', 'checks'] as const;
export type RevokedKind = (typeof REVOKED_KINDS)[number];

const milliseconds = z.int().min(0);

export const revocationSchema = z.strictObject({
  kind: z.enum(REVOKED_KINDS),
  id: z.string().min(1).max(255),
  /** What was begun until then is revoked; absent: all that names it, whenever it was begun. */
  until: milliseconds.exactOptional(),
  /** From then on nothing that it speaks of can be about any more, and it is forgotten. */
  expiresAt: milliseconds,
});
export type Revocation = Readonly<z.infer<typeof revocationSchema>>;

/** What a token says of itself and of what it came from, as far as it can be revoked. Times in seconds since 1970. */
export interface Revocable {
  readonly subject: { readonly name: string };
  readonly jti: string;
  readonly via: { readonly session?: string; readonly robot?: string; readonly grant?: string };
  readonly authenticatedAt: number;
}

export function revocationKey({ kind, id }: Pick<Revocation, 'kind' | 'id'>): string {
  return `${kind}:${id}`;
}

/** Both together: what either revokes, for as long as the longer one. */
export function widest(one: Revocation, other: Revocation | undefined): Revocation {
  if (other === undefined) return one;
  const { until: _, ...rest } = one;
  const expiresAt = Math.max(one.expiresAt, other.expiresAt);
  if (one.until === undefined || other.until === undefined) return { ...rest, expiresAt };
  return { ...rest, until: Math.max(one.until, other.until), expiresAt };
}

/** Whether `one` revokes all that `other` does, for as long. */
export function includes(one: Revocation | undefined, other: Revocation): boolean {
  if (one === undefined || one.expiresAt < other.expiresAt) return false;
  return one.until === undefined || (other.until !== undefined && one.until >= other.until);
}
