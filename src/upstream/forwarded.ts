/** What is asked of a transfer and what comes of it, the same for both ways of moving a body. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Send } from './send.ts';

/** One request to be moved to the registry, and its answer to the client. */
export interface Forward {
  readonly send: Omit<Send, 'body'>;
  /** `client`: the client's body, framed as the client framed it. Bytes: a body that was read whole before. */
  readonly body: 'none' | 'client' | { readonly bytes: Uint8Array };
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly redirectHosts: readonly string[];
  /** Milliseconds in which at least 64 KiB of a transfer must have moved, else it is given up (see pace.ts). */
  readonly idleTimeoutMs: number;
  /** Milliseconds that the registry may take to answer once it has the whole request; committing a large blob takes long. */
  readonly responseTimeoutMs: number;
  /** Called with the head for the client before it is sent; may change it, or throw to answer otherwise. */
  readonly onHead?: (status: number, headers: OutgoingHttpHeaders) => void;
}

/** What came of it. `bytesIn` is from the client, `bytesOut` to the client; times in milliseconds since the call. */
export interface Forwarded {
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly firstByteMs: number;
  readonly totalMs: number;
  /** False where one side went away in mid-transfer. */
  readonly complete: boolean;
}
