/** A relay between Warden and its registry that keeps what passes: the only way to see what a registry is really sent. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { changeSettings } from '../support/warden.ts';
import type { Front } from './front.ts';

export interface Tap {
  readonly url: string;
  readonly port: number;
  /** The bytes that Warden sent, one text for each connection, in the order of the connections. */
  sent(): readonly string[];
  /** The heads of requests that Warden sent, the first line first; those of its own look-ups included. */
  heads(): readonly string[];
  /**
   * The next request whose head matches is carried out, and its answer never arrives: the connection is cut instead.
   * `clear` ends it.
   *
   * @param before is called when the answer is there, just before the cut.
   */
  swallowAnswerTo(head: RegExp, before?: () => void): void;
  /** The next request whose head matches is cut before the registry sees a byte of it. `clear` ends it. */
  cutRequest(head: RegExp): void;
  /** Forgets what passed. */
  clear(): void;
  /** Connections that are open now. */
  open(): number;
  stop(): Promise<void>;
}

/** Puts a tap into the way of a running Warden, which is started again. */
export async function insertTap(front: Front): Promise<Tap> {
  const tap = await openTap(front.registry);
  changeSettings(front.warden.settingsFile, { registry: { url: tap.url } });
  await front.warden.restart();
  tap.clear();
  return tap;
}

export async function openTap(target: { readonly host: string; readonly port: number }): Promise<Tap> {
  const sockets = new Set<Socket>();
  let texts: { text: string }[] = [];
  let swallow: { readonly head: RegExp; readonly before: (() => void) | undefined } | undefined;
  let cut: RegExp | undefined;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (from) => {
    const to = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true });
    const kept = { text: '' };
    texts.push(kept);
    from.on('data', (chunk: Buffer) => {
      if (cut?.test(chunk.toString('latin1'))) {
        cut = undefined;
        // This listener comes before that of the pipe, which finds the socket closed.
        to.destroy();
        from.resetAndDestroy();
        return;
      }
      if (!texts.includes(kept)) texts.push(kept);
      // Bodies are of no interest beyond their beginning.
      if (kept.text.length < 4_000_000) kept.text += chunk.toString('latin1');
    });
    to.prependListener('data', () => {
      if (!swallow?.head.test(kept.text)) return;
      const { before } = swallow;
      swallow = undefined;
      before?.();
      // Before the pipe writes it, so that not a byte of it arrives.
      from.resetAndDestroy();
    });
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP listener has one
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    sent: () => texts.map(({ text }) => text),
    heads: () =>
      texts.flatMap(({ text }) =>
        [
          ...text.matchAll(
            /(?:^|\r\n|\n|[^\r\n])((?:[A-Z]{3,9}) \/[^\r\n]* HTTP\/1\.[01]\r\n[\s\S]*?)\r\n\r\n/g,
          ),
        ].map((match) => String(match[1])),
      ),
    cutRequest(head) {
      cut = head;
    },
    swallowAnswerTo(head, before) {
      swallow = { head, before };
    },
    clear() {
      swallow = undefined;
      cut = undefined;
      for (const kept of texts) kept.text = '';
      texts = [];
    },
    open: () => sockets.size / 2,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
