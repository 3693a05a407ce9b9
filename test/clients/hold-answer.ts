import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface HeldAnswer {
  /** Where the relay listens. */
  readonly url: string;
  /** Holds the answer to the next request whose head matches. Fulfilled when that request has passed. */
  hold(head: RegExp): Promise<void>;
  /** Lets the answer go on. */
  release(): void;
  stop(): Promise<void>;
}

/** A relay between Warden and its registry that can keep one answer back for a while. */
export async function openHoldingRelay(target: {
  readonly host: string;
  readonly port: number;
}): Promise<HeldAnswer> {
  const sockets = new Set<Socket>();
  let wanted: { readonly head: RegExp; readonly passed: () => void } | undefined;
  let held: Socket | undefined;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (from) => {
    const to = connect({ ...target, allowHalfOpen: true, noDelay: true });
    from.on('data', (chunk: Buffer) => {
      if (!wanted?.head.test(chunk.toString('latin1'))) return;
      to.pause();
      held = to;
      wanted.passed();
      wanted = undefined;
    });
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
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
    hold: (head) =>
      new Promise((resolve) => {
        wanted = { head, passed: resolve };
      }),
    release() {
      held?.resume();
      held = undefined;
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
