/**
 * One connection of the fast lane. The kernel's bytes are read straight into a buffer that is used again and again, so
 * that a body costs no allocation; therefore reading stops with each chunk until the chunk's reader is done with it.
 */
import { connect } from 'node:net';

/** Whoever uses the connection at the moment. */
export interface LaneReader {
  /** The next bytes, in the buffer that the next ones overwrite; none come before resume(). */
  bytes(chunk: Buffer): void;
  /** Nothing more will come: the registry closed, or the connection failed. Told once. */
  gone(error: Error | undefined): void;
}

export interface LaneSocket {
  /** True where an answer came over it before: it may have died since, unseen. */
  readonly reused: boolean;
  /** Hands the connection to its next user. Without one, whatever comes ends it. */
  attach(reader: LaneReader | undefined): void;
  write(head: string): void;
  resume(): void;
  /** Only within LaneReader.bytes: what is read next goes into this buffer, or into the connection's own. */
  readInto(buffer: Buffer | 'own'): void;
  /**
   * Only within LaneReader.bytes: makes a chunk the caller's to keep, while the connection reads on into its own buffer.
   * A small chunk in that buffer is copied; with a larger one the buffer goes, and the connection gets another.
   */
  keep(chunk: Buffer): Buffer;
  /** Ends it without a word to its reader. */
  destroy(): void;
}

/** Of the buffer that each connection has: an answer's head, and reads for a client that takes its bytes slowly. */
export const OWN_BYTES = 65_536;
/** Below this a copy is cheaper than another buffer. */
const COPY_BYTES = 32_768;

export interface LanePlace {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
}

export interface LaneSocketEvents {
  /** A connection without a user is no more. */
  onGone(socket: LaneSocket): void;
  /** Told once of each, with or without a user: the system has it back. */
  onClosed(): void;
}

/** Opens a connection; it may be written to at once. */
export function openLaneSocket(
  { connectTimeoutMs, ...place }: LanePlace,
  { onGone, onClosed }: LaneSocketEvents,
): LaneSocket {
  let own = Buffer.allocUnsafeSlow(OWN_BYTES);
  /** What the next read goes into. */
  let current: Buffer = own;
  let reader: LaneReader | undefined;
  let attached = 0;
  let within = false;
  let reading = true;
  let over = false;
  let failure: Error | undefined;

  const socket = connect({
    ...place,
    noDelay: true,
    onread: {
      // Asked at the start, for each address that is tried, and after each chunk.
      buffer: () => current,
      callback(size, buffer) {
        // Bytes that nobody waits for: where the next answer begins could no longer be told.
        if (reader === undefined) {
          socket.destroy();
          return false;
        }
        reading = false;
        within = true;
        reader.bytes(buffer.subarray(0, size) as Buffer);
        within = false;
        return reading;
      },
    },
  });
  const connecting = setTimeout(
    () => socket.destroy(new Error('no connection to the registry in time')),
    connectTimeoutMs,
  );
  socket.once('connect', () => clearTimeout(connecting));
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('end', finish);
  socket.on('close', () => {
    clearTimeout(connecting);
    finish();
    onClosed();
  });

  function finish(): void {
    if (over) return;
    over = true;
    socket.destroy();
    if (reader) reader.gone(failure);
    else onGone(lane);
  }

  const lane: LaneSocket = {
    get reused() {
      return attached > 1;
    },
    attach(user) {
      reader = user;
      if (user) attached++;
    },
    write: (head) => void socket.write(head, 'latin1'),
    resume() {
      reading = true;
      if (!within) socket.resume();
    },
    readInto(buffer) {
      current = buffer === 'own' ? own : buffer;
    },
    keep(chunk) {
      if (chunk.buffer === own.buffer) {
        if (chunk.length <= COPY_BYTES) return Buffer.from(chunk);
        own = Buffer.allocUnsafeSlow(OWN_BYTES);
      }
      current = own;
      return chunk;
    },
    destroy() {
      over = true;
      reader = undefined;
      socket.destroy();
    },
  };
  return lane;
}
