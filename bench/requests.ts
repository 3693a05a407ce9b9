/** Requests over kept connections, as many at once as there are connections. The least that a client can cost. */
import { connect, type Socket } from 'node:net';

export interface Requests {
  readonly port: number;
  /** Of request `nth`, from 0. */
  readonly head: (nth: number) => string;
  readonly count: number;
  readonly connections: number;
  /** HEAD: no body follows. */
  readonly bodies: boolean;
}

const END = '\r\n\r\n';

/** @returns bytes of all bodies. @throws when an answer is another than 200, or is cut. */
export async function requestMany(requests: Requests): Promise<number> {
  let next = 0;
  let bytes = 0;
  const take = (): string | undefined => (next < requests.count ? requests.head(next++) : undefined);
  const lines = Array.from({ length: Math.min(requests.connections, requests.count) }, async () => {
    bytes += await oneLine(requests, take);
  });
  await Promise.all(lines);
  return bytes;
}

function oneLine({ port, bodies }: Requests, take: () => string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let head = '';
    /** Of the body that is being read; undefined within a head. */
    let left: number | undefined;
    let bytes = 0;
    let done = false;

    function ask(): void {
      const text = take();
      left = undefined;
      head = '';
      if (text !== undefined) return void socket.write(text, 'latin1');
      done = true;
      socket.destroy();
      resolve(bytes);
    }
    socket.on('connect', ask);
    socket.on('data', (chunk: Buffer) => {
      let body = chunk.length;
      if (left === undefined) {
        const before = head.length;
        head += chunk.toString('latin1', 0, Math.min(chunk.length, 8192));
        const end = head.indexOf(END);
        if (end === -1) return;
        if (!head.startsWith('HTTP/1.1 200 ')) {
          return void socket.destroy(new Error(`an answer was ${head.slice(0, 300)}`));
        }
        left = bodies ? Number(/\ncontent-length: *(\d+)/i.exec(head)?.[1]) : 0;
        body = chunk.length - (end + END.length - before);
      }
      left -= body;
      bytes += body;
      if (left === 0) ask();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (!done) reject(new Error(`a connection ended within an answer that began ${head.slice(0, 100)}`));
    });
  });
}

/** The head of a request of HTTP/1.1. */
export function headText(method: string, path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ host: 'registry', ...headers }).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}
