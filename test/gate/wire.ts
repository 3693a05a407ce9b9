/** Requests as the tests need them: answers whole and uncut, from an address of one's own, or byte by byte. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { ACCEPT_MANIFESTS } from '../../src/protocol/manifest.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A list of parts is sent chunked, anything else with its length. */
  readonly body?: string | Uint8Array | readonly string[];
  readonly token?: string;
  readonly basic?: { readonly user: string; readonly password: string };
  /** The source address, any of 127.0.0.0/8. */
  readonly from?: string;
}

export interface Reply {
  readonly status: number;
  /** By lower-case name; lines of the same name are joined by ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
  /** The only error of a body in the registry's form. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** False where the connection ended before the answer did. */
  readonly whole: boolean;
}

const TIMEOUT_MS = 15_000;
/** Milliseconds without a byte after which an answer on a kept connection is taken for whole. */
const QUIET_MS = 250;

export function ask({ host, port }: Place, question: Ask): Promise<Reply> {
  const { method = 'GET', path, body, from } = question;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host,
        port,
        method,
        path,
        headers: headersOf(question),
        agent: false,
        ...(from && { localAddress: from }),
      },
      (message) => {
        const chunks: Buffer[] = [];
        message.on('data', (chunk: Buffer) => chunks.push(chunk));
        message.on('error', () => undefined);
        message.on('close', () => resolve(replyOf(message, Buffer.concat(chunks))));
      },
    );
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error(`no answer to ${method} ${path}`)));
    request.on('error', reject);
    if (Array.isArray(body)) {
      for (const part of body) request.write(part);
      request.end();
    } else request.end(body as string | Uint8Array | undefined);
  });
}

/** The headers of a question as a client of the library sends them. */
export function headersOf({ headers = {}, token, basic, body }: Ask): Record<string, string | string[]> {
  // Without these docker-registry 2.8 rewrites or hides manifests.
  const all: Record<string, string | string[]> = { accept: ACCEPT_MANIFESTS };
  if (token !== undefined) all['authorization'] = `Bearer ${token}`;
  if (basic !== undefined) all['authorization'] = basicHeader(basic.user, basic.password);
  if (body !== undefined && !Array.isArray(body))
    all['content-length'] = String(Buffer.byteLength(body as string));
  for (const [name, value] of Object.entries(headers)) {
    all[name] = typeof value === 'string' ? value : [...value];
  }
  return all;
}

export function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function replyOf(message: IncomingMessage, bytes: Buffer): Reply {
  return makeReply(message.statusCode ?? 0, message.headers, bytes, message.complete);
}

function makeReply(
  status: number,
  raw: Readonly<Record<string, string | string[] | undefined>>,
  bytes: Buffer,
  whole: boolean,
): Reply {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  const text = bytes.toString('utf8');
  return { status, headers, bytes, text, error: errorIn(text), whole };
}

function errorIn(text: string): Reply['error'] {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code: string; message: string }[] };
    return errors?.length === 1 ? errors[0] : undefined;
  } catch {
    return undefined;
  }
}

/** What came back on a connection. */
export interface RawAnswer {
  readonly text: string;
  /** The answers in it, in order, interim ones included. */
  readonly replies: readonly Reply[];
  /** Whether the server ended the connection. */
  readonly closed: boolean;
}

/** Writes bytes to a new connection and reads until the server ends it, or says nothing more. */
export function sendRaw(
  { host, port }: Place,
  bytes: string | Buffer,
  { from, method = 'GET' }: { readonly from?: string; readonly method?: string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(from && { localAddress: from }), noDelay: true });
    const chunks: Buffer[] = [];
    let quiet: NodeJS.Timeout | undefined;
    const late = setTimeout(() => finish(false), TIMEOUT_MS);
    function finish(closed: boolean): void {
      clearTimeout(quiet);
      clearTimeout(late);
      socket.destroy();
      const all = Buffer.concat(chunks);
      resolve({ text: all.toString('latin1'), replies: parseReplies(all, method), closed });
    }
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      clearTimeout(quiet);
      quiet = setTimeout(() => finish(false), QUIET_MS);
    });
    socket.on('end', () => finish(true));
    // A reset after an answer is an end too: the server need not read all that was sent.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      chunks.length > 0 || ['ECONNRESET', 'EPIPE'].includes(String(error.code))
        ? finish(true)
        : reject(error),
    );
  });
}

/** A request as text, its lines as given and nothing added but the end of the head. */
export function rawRequest(first: string, headers: readonly string[], body = ''): string {
  return `${[first, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** `text` as one chunk and the last chunk, as chunked framing has it. */
export function chunked(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
}

export function parseReplies(all: Buffer, method: string): Reply[] {
  const replies: Reply[] = [];
  for (let rest = all; rest.length > 0; ) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(':')).toLowerCase();
      const value = line.slice(line.indexOf(':') + 1).trim();
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
    }
    rest = rest.subarray(end + 4);
    const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const { bytes, used, whole } = bodiless
      ? { bytes: Buffer.alloc(0), used: 0, whole: true }
      : takeBody(rest, headers);
    replies.push(makeReply(status, headers, bytes, whole));
    rest = rest.subarray(used);
  }
  return replies;
}

function takeBody(
  rest: Buffer,
  headers: Readonly<Record<string, string>>,
): { bytes: Buffer; used: number; whole: boolean } {
  if (headers['transfer-encoding'] === undefined) {
    const length = headers['content-length'];
    const used = length === undefined ? rest.length : Number(length);
    return { bytes: rest.subarray(0, used), used, whole: rest.length >= used };
  }
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return { bytes: Buffer.concat(parts), used: rest.length, whole: false };
    const size = Number.parseInt(rest.subarray(at, line).toString('latin1'), 16);
    const start = line + 2;
    if (size === 0) return { bytes: Buffer.concat(parts), used: start + 2, whole: true };
    parts.push(rest.subarray(start, start + size));
    at = start + size + 2;
  }
}

/** A connection that is held open by the test. */
export interface Line {
  write(bytes: string | Buffer): void;
  /** All that came so far. */
  text(): string;
  /** Until what came matches, or the connection ended. */
  until(pattern: RegExp): Promise<string>;
  readonly closed: Promise<void>;
  socket: Socket;
}

export function openLine({ host, port }: Place, from?: string): Line {
  const socket = connect({ host, port, ...(from && { localAddress: from }), noDelay: true });
  let said = '';
  const waiting = new Set<() => void>();
  let ended = false;
  const wake = (): void => {
    for (const look of waiting) look();
  };
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
    wake();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      ended = true;
      wake();
      resolve();
    });
  });
  return {
    socket,
    closed,
    write: (bytes) => void socket.write(bytes),
    text: () => said,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`nothing like ${pattern} came, but: ${said.slice(0, 2000)}`));
        }, TIMEOUT_MS);
        function look(): void {
          if (!pattern.test(said) && !ended) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(said);
        }
        waiting.add(look);
        look();
      }),
  };
}
