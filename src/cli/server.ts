/** Puts a request to the API of a running server. */
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Command } from 'commander';
import { printable } from '../audit/printable.ts';

export interface ServerOptions {
  readonly url?: string;
  readonly userName?: string;
  readonly passwordStdin?: boolean;
  readonly tokenFile?: string;
  /** A file of certificates in PEM, trusted instead of those of the system. */
  readonly ca?: string;
}

/** The command was given wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const TIMEOUT_MS = 60_000;
/** In bytes: far above a thousand of the largest records. */
const ANSWER_LIMIT = 128 * 1024 * 1024;

export interface ServerRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Of the API: what stands behind /api/v1/. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** 404 is an answer. */
  readonly orNothing?: true;
}

/**
 * @returns what the server answered, as JSON; undefined for an answer without content.
 * @throws with one sentence; a UsageError where the options, or the request by the server's word, are wrong.
 */
export async function askApi(
  asked: ServerRequest,
  options: ServerOptions & { readonly url: string },
  readStdin: () => Promise<string>,
): Promise<unknown> {
  const { status, bytes } = await (await openApi(options, readStdin))(asked);
  return status === 204 ? undefined : parseJson(bytes.toString('utf8'));
}

export interface ServerAnswer {
  /** 200, 201, 204, or 404 where that was asked for. */
  readonly status: number;
  readonly bytes: Buffer;
}

/**
 * Reads the credentials once, for several requests.
 *
 * @returns what puts a request; it throws as askApi.
 */
export async function openApi(
  options: ServerOptions & { readonly url: string },
  readStdin: () => Promise<string>,
): Promise<(asked: ServerRequest) => Promise<ServerAnswer>> {
  requireAddress(options.url);
  const authorization = await credentials(options, readStdin);
  const ca = options.ca === undefined ? undefined : await readText(options.ca);
  return async (asked) => {
    const url = addressOf(asked, options.url);
    const answer = await send(url, asked, authorization, ca);
    const { status, bytes } = answer;
    if (status === 200 || status === 201 || status === 204 || (status === 404 && asked.orNothing))
      return answer;
    const sentence = `${url.origin} answered ${status}: ${errorMessage(bytes.toString('utf8'))}`;
    throw status === 400 ? new UsageError(sentence) : new Error(sentence);
  };
}

function requireAddress(base: string): URL {
  if (!URL.canParse(base)) throw new UsageError('--url is not an address such as https://registry.corp');
  const url = new URL(base);
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('--url holds credentials; give --user-name with --password-stdin, or --token-file');
  }
  const local = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) {
    throw new UsageError('--url is not https; credentials go over TLS, or to this machine');
  }
  return url;
}

function addressOf({ path, query = {} }: ServerRequest, base: string): URL {
  const result = new URL(`/api/v1/${path}`, requireAddress(base));
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) result.searchParams.append(name, one);
  }
  return result;
}

/** @throws {UsageError} for options that are about a server where none is named. */
export function requireNoServer(options: ServerOptions): void {
  for (const [name, value] of Object.entries({
    '--user-name': options.userName,
    '--password-stdin': options.passwordStdin,
    '--token-file': options.tokenFile,
    '--ca': options.ca,
  })) {
    if (value !== undefined) throw new UsageError(`${name} is for asking a server: give --url`);
  }
}

/** Adds what a command needs to ask a server instead of working on the files. */
export function addServerOptions(command: Command): Command {
  return command
    .option(
      '--url <address>',
      'ask a server instead of the files: its address, such as https://registry.corp',
    )
    .option('--user-name <name>', 'who asks the server')
    .option('--password-stdin', 'read the password of --user-name from standard input')
    .option('--token-file <file>', 'a file with a token for the server, instead of a name')
    .option('--ca <file>', "certificates that the server's is signed with, in PEM");
}

async function credentials(
  { userName, passwordStdin, tokenFile }: ServerOptions,
  readStdin: () => Promise<string>,
): Promise<string> {
  if ((userName === undefined) === (tokenFile === undefined)) {
    throw new UsageError('--url needs either --user-name with --password-stdin, or --token-file');
  }
  if (tokenFile !== undefined) {
    const token = (await readText(tokenFile)).trim();
    // A header takes no line break, and Node's error would show the token.
    if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError(`${tokenFile} does not hold one token`);
    return `Bearer ${token}`;
  }
  if (!passwordStdin) throw new UsageError('--user-name needs --password-stdin: a password is no argument');
  // What is typed or piped ends with a line end that is not part of it.
  const password = (await readStdin()).replace(/\r?\n$/, '');
  return `Basic ${Buffer.from(`${userName}:${password}`, 'utf8').toString('base64')}`;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as { code?: string }).code}`);
  }
}

/**
 * An answer as it comes, however long it is.
 *
 * @param asked `type` is the media type that it must have.
 * @throws with one sentence, as askApi; where it is of another type; and where it is cut.
 */
export async function* streamApi(
  asked: ServerRequest & { readonly type: string },
  options: ServerOptions & { readonly url: string },
  readStdin: () => Promise<string>,
): AsyncGenerator<Buffer> {
  requireAddress(options.url);
  const authorization = await credentials(options, readStdin);
  const ca = options.ca === undefined ? undefined : await readText(options.ca);
  const url = addressOf(asked, options.url);
  const response = await begin(url, asked, authorization, ca);
  if (response.statusCode !== 200) {
    const { status, bytes } = await whole(response);
    const sentence = `${url.origin} answered ${status}: ${errorMessage(bytes.toString('utf8'))}`;
    throw status === 400 ? new UsageError(sentence) : new Error(sentence);
  }
  const [type] = (response.headers['content-type'] ?? '').split(';');
  if (type?.trim().toLowerCase() !== asked.type) {
    response.destroy();
    throw new Error('the answer is not what Registry Warden gives; is --url its address?');
  }
  try {
    for await (const part of response) yield part as Buffer;
  } catch (error) {
    throw new Error(`the answer of ${url.origin} was cut short: ${(error as { code?: string }).code}`);
  }
}

async function send(
  url: URL,
  asked: ServerRequest,
  authorization: string,
  ca: string | undefined,
): Promise<ServerAnswer> {
  const response = await begin(url, asked, authorization, ca);
  return whole(response).catch((error: unknown) => {
    throw unreachable(url, error);
  });
}

/** @throws with one sentence. */
async function whole(response: IncomingMessage): Promise<ServerAnswer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > ANSWER_LIMIT) throw new Error('the answer is too large');
    parts.push(part);
  }
  return { status: response.statusCode ?? 0, bytes: Buffer.concat(parts) };
}

function unreachable(url: URL, error: unknown): Error {
  const { code, message } = error as { code?: string; message: string };
  const unknown = /^(?:UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code ?? '');
  const help = unknown ? '; where its certificate is of a CA of your own, name that with --ca' : '';
  return new Error(`${url.origin} cannot be asked: ${code ?? message}${help}`);
}

/** @returns the answer as soon as its head is there. @throws with one sentence. */
function begin(
  url: URL,
  { method, body }: ServerRequest,
  authorization: string,
  ca: string | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? requestTls : requestPlain;
    const content = body === undefined ? undefined : JSON.stringify(body);
    const request = open(
      url,
      {
        method,
        headers: {
          ...{ authorization, accept: 'application/json' },
          ...(content !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(content),
          }),
        },
        timeout: TIMEOUT_MS,
        ...(ca === undefined ? {} : { ca }),
      },
      resolve,
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', (error) => reject(unreachable(url, error)));
    request.end(content);
  });
}

function errorMessage(text: string): string {
  const body = parseJson(text) as { errors?: { message?: unknown }[] } | undefined;
  const message = body?.errors?.[0]?.message;
  return typeof message === 'string' ? printable(message) : 'no reason given';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
