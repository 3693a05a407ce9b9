/**
 * Many raw requests over few connections: written ahead, answered in order. Where the server ends a connection, as it
 * does after what it cannot read, the rest goes on over another one.
 */
import { connect } from 'node:net';
import type { Place } from '../gate/wire.ts';

export interface Written {
  /** Decides whether an answer has a body. */
  readonly method: string;
  readonly bytes: Buffer;
}

/** The head of an answer; bodies are passed over. */
export interface Answered {
  readonly status: number;
  /** By lower-case name; of several the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Requests under way on one connection. */
const AHEAD = 32;
const CONNECTIONS = 4;
const TIMEOUT_MS = 30_000;

/** @returns one answer for each request, in order; undefined where the server ended the connection instead. */
export async function pipeline(
  place: Place,
  requests: readonly Written[],
): Promise<readonly (Answered | undefined)[]> {
  const answers: (Answered | undefined)[] = new Array(requests.length).fill(undefined);
  const starts = Array.from({ length: Math.ceil(requests.length / AHEAD) }, (_, part) => part * AHEAD);
  async function work(): Promise<void> {
    for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
      const end = Math.min(start + AHEAD, requests.length);
      for (let at = start; at < end; ) {
        const got = await converse(place, requests.slice(at, end));
        for (const [offset, answer] of got.entries()) answers[at + offset] = answer;
        // Ended without a word: that is the answer to the first of them.
        at += Math.max(got.length, 1);
      }
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return answers;
}

/** Writes all and reads until all are answered or the server ends the connection. */
function converse({ host, port }: Place, requests: readonly Written[]): Promise<readonly Answered[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const answers: Answered[] = [];
    let rest: Buffer = Buffer.alloc(0);
    const late = setTimeout(
      () => socket.destroy(new Error(`no answer to ${requests[answers.length]?.bytes.toString('latin1')}`)),
      TIMEOUT_MS,
    );
    socket.once('connect', () => socket.write(Buffer.concat(requests.map(({ bytes }) => bytes))));
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (;;) {
        const method = requests[answers.length]?.method;
        const read = method === undefined ? undefined : readAnswer(rest, method);
        if (read === undefined) break;
        rest = rest.subarray(read.used);
        if (read.answer.status >= 200) answers.push(read.answer);
      }
      if (answers.length === requests.length) socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Reset, because it was still being written to: what came until then counts.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.once('close', () => {
      clearTimeout(late);
      resolve(answers);
    });
  });
}

/** @returns undefined while the answer has not come whole. */
function readAnswer(
  bytes: Buffer,
  method: string,
): { readonly answer: Answered; readonly used: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(first.split(' ')[1]);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const start = end + 4;
  const body = readBody(bytes.subarray(start), method, status, headers);
  return body && { answer: { status, headers, body: body.bytes }, used: start + body.used };
}

function readBody(
  bytes: Buffer,
  method: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): { readonly bytes: Buffer; readonly used: number } | undefined {
  const none = { bytes: Buffer.alloc(0), used: 0 };
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return none;
  if (headers['transfer-encoding'] === 'chunked') {
    const parts: Buffer[] = [];
    for (let at = 0; ; ) {
      const line = bytes.indexOf('\r\n', at);
      if (line < 0) return undefined;
      const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
      const after = line + 2 + size + 2;
      if (bytes.length < after) return undefined;
      if (size === 0) return { bytes: Buffer.concat(parts), used: after };
      parts.push(bytes.subarray(line + 2, line + 2 + size));
      at = after;
    }
  }
  // Without a length the body ends with the connection, of which nothing more is read.
  const length = headers['content-length'] === undefined ? bytes.length : Number(headers['content-length']);
  return bytes.length < length ? undefined : { bytes: bytes.subarray(0, length), used: length };
}
