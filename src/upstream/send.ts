/** A request to the registry and its answer, as every way of asking it has them. Types only. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** One entry of the token for the registry; the registry takes these words literally. */
export interface UpstreamAccess {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

/** Signs a token that the registry trusts, for exactly this access. `subject` becomes `actor.name` of its notifications. */
export type SignUpstream = (subject: string, access: readonly UpstreamAccess[]) => string;

export interface Send {
  readonly method: string;
  readonly target: string;
  readonly headers: OutgoingHttpHeaders;
  readonly subject: string;
  readonly access: readonly UpstreamAccess[];
  /** The body's framing. `stream` leaves the returned request open for the caller to write and end. */
  readonly body: 'none' | { readonly bytes: Uint8Array } | { readonly stream: number | 'chunked' };
  /** Asked when the connection is made, before the first byte: whether it may still be sent. Not with a streamed body. */
  readonly still?: () => boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined when larger than the limit. */
  readonly bytes: Uint8Array | undefined;
}
