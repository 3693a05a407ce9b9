/** Clients that do not read as they should. */
import { connect, type Socket } from 'node:net';

/** Of each slow reader: so many bytes, then a pause. 640 kB a second. */
const SIP_BYTES = 65_536;
const SIP_MS = 100;

export interface SlowReaders {
  /** Bytes that they have read together. */
  bytes(): number;
  stop(): void;
}

/** Begins to pull with so many clients, each of which takes little at a time. */
export function startSlowReaders(port: number, head: string, count: number): SlowReaders {
  let bytes = 0;
  const sockets: Socket[] = [];
  const timers: NodeJS.Timeout[] = [];
  for (let at = 0; at < count; at++) {
    const socket = connect({ port, host: '127.0.0.1' });
    let sip = 0;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      sip += chunk.length;
      if (sip >= SIP_BYTES) socket.pause();
    });
    socket.write(head, 'latin1');
    sockets.push(socket);
    timers.push(
      setInterval(() => {
        sip = 0;
        socket.resume();
      }, SIP_MS),
    );
  }
  return {
    bytes: () => bytes,
    stop() {
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Goes away once the body has begun. */
export function abortPull(port: number, head: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.once('data', () => socket.destroy());
    socket.once('close', () => resolve());
    socket.write(head, 'latin1');
  });
}
