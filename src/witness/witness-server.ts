/**
 * A witness over HTTP: it cosigns a log's checkpoint if its tree goes on from the last one that it cosigned.
 *
 * There is no login: the log's signature on the checkpoint is what a request must have.
 *
 * @see https://c2sp.org/tlog-witness
 */
import type { KeyObject } from 'node:crypto';
import {
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTls } from 'node:https';
import type { Thread } from '../store/thread.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { cosignText, formatNote, openNote, parseNote } from '../tlog/note.ts';
import type { VerifierKey } from '../tlog/vkey.ts';
import { formatCosignatures, originHash, parseAddCheckpoint, SIZE_TYPE } from '../tlog/witness-message.ts';
import type { Judgement } from './judge.ts';
import type { Seen } from './witness-thread.ts';

export interface WitnessDeps {
  /** Of type 4. */
  readonly key: VerifierKey;
  readonly privateKey: KeyObject;
  /** Of the logs that are witnessed, named by their origins. */
  readonly logs: readonly VerifierKey[];
  /** Over witness-thread. */
  readonly thread: Thread;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** PEM texts; absent for plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Told what was decided on each checkpoint of a known log that is signed by it. Must not throw. */
  readonly onCheckpoint: (facts: {
    readonly origin: string;
    readonly size: number;
    readonly judgement: Judgement;
    /** The note, where it contradicts what was seen: evidence against the log. */
    readonly note?: string;
  }) => void;
  readonly onFailure: (error: unknown) => void;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
}

/** In bytes: 63 hashes and a checkpoint with many signatures. */
const BODY_LIMIT = 64 * 1024;
const TIMEOUT_MS = 30_000;

export function createWitnessServer(deps: WitnessDeps): Server {
  const { tls } = deps;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(deps, request)
      .catch((error: unknown) => {
        deps.onFailure(error);
        return { status: 500, text: 'the witness cannot keep what it sees\n' } satisfies Answer;
      })
      .then(({ status, type, text }: Answer) =>
        response.writeHead(status, { 'Content-Type': type ?? 'text/plain; charset=utf-8' }).end(text),
      )
      .catch(() => response.destroy());
  };
  const options = { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS, keepAliveTimeout: TIMEOUT_MS };
  return tls === undefined ? createPlain(options, listener) : createTls({ ...options, ...tls }, listener);
}

async function answer(deps: WitnessDeps, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (request.method === 'POST' && path.endsWith('/add-checkpoint')) {
    const body = await bodyOf(request);
    return body === undefined ? { status: 413, text: 'too large\n' } : add(deps, body);
  }
  const [, hash] = /\/([0-9a-f]{64})\/checkpoint$/.exec(path) ?? [];
  if (request.method === 'GET' && hash !== undefined) {
    const log = deps.logs.find(({ name }) => originHash(name) === hash);
    const note = log && (await deps.thread.call<string | undefined>('note', { origin: log.name }));
    return note === undefined
      ? { status: 404, text: 'nothing was cosigned for that log\n' }
      : { status: 200, text: note };
  }
  return { status: 404, text: 'there is POST add-checkpoint, and GET <hash of the origin>/checkpoint\n' };
}

async function add(deps: WitnessDeps, body: string): Promise<Answer> {
  const { key, privateKey } = deps;
  const parsed = parseAddCheckpoint(body);
  if (!parsed.ok) return { status: 400, text: `${parsed.reason}\n` };
  const note = parseNote(parsed.request.checkpoint);
  if (!note.ok) return { status: 400, text: `${note.reason}\n` };
  const { text } = note.note;
  // Whose it is comes first: a log that is not known is told so, whatever else is wrong.
  const origin = text.slice(0, text.indexOf('\n'));
  const keys = deps.logs.filter(({ name }) => name === origin);
  if (keys.length === 0) return { status: 404, text: 'that log is not witnessed here\n' };
  const opened = openNote(note.note, keys);
  if (!opened.ok) return { status: 403, text: `${opened.reason}\n` };
  const read = parseCheckpoint(text);
  // An empty tree with a root that is none is told apart from what is no checkpoint at all.
  if (!read.ok) return { status: /tree is empty/.test(read.reason) ? 422 : 400, text: `${read.reason}\n` };
  const { size, root } = read.checkpoint;
  const line = cosignText(key, privateKey, text, Math.floor(deps.now() / 1000));
  const kept = opened.verified.map((verified) => verified.line);
  const judgement = await deps.thread.call<Judgement>('add', {
    ...{ origin, size, root, old: parsed.request.old, proof: parsed.request.proof },
    note: formatNote({ text, signatures: [...kept, line] }),
  } satisfies Seen);
  const contradicts = judgement.status === 422;
  deps.onCheckpoint({
    origin,
    size,
    judgement,
    ...(contradicts && { note: parsed.request.checkpoint }),
  });
  switch (judgement.status) {
    case 200:
      return { status: 200, text: formatCosignatures([line]) };
    case 409:
      return { status: 409, type: SIZE_TYPE, text: `${judgement.size}\n` };
    default:
      return { status: judgement.status, text: `${judgement.why}\n` };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > BODY_LIMIT) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
