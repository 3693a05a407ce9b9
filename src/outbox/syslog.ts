/**
 * Records to a syslog server over TCP or TLS.
 *
 * This protocol has no acknowledgement: what the kernel has taken can be lost with the connection. So what was written in
 * the last seconds before a connection broke is written again, and each message has a number, by which the receiver sees
 * both a gap and a repetition.
 */
import { readFile } from 'node:fs/promises';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Destination, Outgoing } from './destination.ts';
import { type SyslogOptions, syslogFrame } from './syslog-message.ts';

export interface SyslogDestinationOptions extends SyslogOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: TCP in the clear. */
  readonly tls:
    | {
        /** PEM; absent: the CAs that come with Node. */
        readonly caFile?: string | undefined;
        readonly certificateFile?: string | undefined;
        readonly keyFile?: string | undefined;
      }
    | undefined;
  /** Milliseconds, for a connection and for a write. */
  readonly timeoutMs: number;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
}

const AT_ONCE = 64;
/** How long the loss of a connection can stay unseen after a write, in milliseconds, and how many messages are kept for it. */
const DOUBT = 10_000;
const DOUBT_LIMIT = 1_024;

export function createSyslogDestination(options: SyslogDestinationOptions): Destination {
  const { host, port, tls, timeoutMs, now } = options;
  let socket: Socket | undefined;
  /** When the last connection ended. */
  let brokeAt: number | undefined;
  let doubtful: readonly { readonly at: number; readonly frame: Buffer }[] = [];

  async function connected(signal: AbortSignal): Promise<Socket> {
    if (socket?.writable && !socket.destroyed) return socket;
    // What stayed unsure when the connection broke stays so until it was written again, however long that takes.
    const since = (brokeAt ?? now()) - DOUBT;
    doubtful = doubtful.filter(({ at }) => at >= since);
    const made = await connect(signal);
    const again = doubtful.map(({ frame }) => frame);
    await write(made, again, signal);
    doubtful = unsure(again);
    socket = made;
    brokeAt = undefined;
    return made;
  }

  function unsure(frames: readonly Buffer[]): typeof doubtful {
    const at = now();
    return frames.map((frame) => ({ at, frame }));
  }

  async function connect(signal: AbortSignal): Promise<Socket> {
    const files = tls && {
      ...(tls.caFile !== undefined && { ca: await readFile(tls.caFile) }),
      ...(tls.certificateFile !== undefined && { cert: await readFile(tls.certificateFile) }),
      ...(tls.keyFile !== undefined && { key: await readFile(tls.keyFile) }),
    };
    return await new Promise<Socket>((resolve, reject) => {
      const made = files
        ? connectTls({
            host,
            port,
            ...(isIP(host) === 0 && { servername: host }),
            minVersion: 'TLSv1.2',
            ...files,
          })
        : connectPlain({ host, port });
      const fail = (why: string): void => {
        made.destroy();
        reject(new Error(`syslog at ${host}:${port}: ${why}`));
      };
      made.setTimeout(timeoutMs, () => fail('no connection in time'));
      const abort = (): void => {
        made.destroy();
      };
      signal.addEventListener('abort', abort, { once: true });
      made.once('close', () => {
        brokeAt ??= now();
        // The signal is there as long as Warden: it would keep every connection that ever was.
        signal.removeEventListener('abort', abort);
      });
      const refused = (): void => fail('the connection was closed');
      made.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
      made.once('close', refused);
      made.once(files ? 'secureConnect' : 'connect', () => {
        made.setTimeout(0).setKeepAlive(true, DOUBT).setNoDelay(true);
        made.off('close', refused);
        // A closing connection says so here; what comes from a syslog server is nothing to us.
        made.on('error', () => made.destroy());
        made.on('end', () => made.destroy());
        made.resume();
        resolve(made);
      });
    });
  }

  async function write(to: Socket, frames: readonly Buffer[], signal: AbortSignal): Promise<void> {
    if (frames.length === 0) return;
    const timer = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        to.destroy();
        reject(new Error(`syslog at ${host}:${port}: ${why}`));
      };
      const late = (): void => fail('it takes nothing more');
      timer.addEventListener('abort', late, { once: true });
      to.write(Buffer.concat(frames), (error) => {
        timer.removeEventListener('abort', late);
        if (error) fail((error as NodeJS.ErrnoException).code ?? error.message);
        else resolve();
      });
    });
  }

  return {
    atOnce: AT_ONCE,
    async deliver(entries: readonly Outgoing[], signal) {
      const to = await connected(signal);
      const frames = entries.map((entry) => syslogFrame(entry, options));
      await write(to, frames, signal);
      doubtful = [...doubtful, ...unsure(frames)].slice(-DOUBT_LIMIT);
    },
    async repeat(signal) {
      // Not at the next record, which may be hours away.
      if (brokeAt !== undefined && doubtful.some(({ at }) => at >= (brokeAt ?? at) - DOUBT))
        await connected(signal);
    },
    async close() {
      const open = socket;
      if (open === undefined || open.destroyed) return;
      await new Promise<void>((resolve) => {
        open.once('close', () => resolve());
        open.end();
        setTimeout(() => open.destroy(), 1_000).unref();
      });
    },
  };
}
