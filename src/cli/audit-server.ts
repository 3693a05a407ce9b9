/** Puts an auditor's question to a running server. */
import { readFile } from 'node:fs/promises';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Page } from '../audit/audit.ts';
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

/** @throws with one sentence; a UsageError where the options, or the filters by the server's word, are wrong. */
export async function askServer(
  name: string,
  raw: Readonly<Record<string, string | readonly string[]>>,
  options: ServerOptions & { readonly url: string },
  readStdin: () => Promise<string>,
): Promise<Page<unknown>> {
  const url = addressOf(name, raw, options.url);
  const authorization = await credentials(options, readStdin);
  const ca = options.ca === undefined ? undefined : await readText(options.ca);
  const { status, text } = await get(url, authorization, ca);
  if (status === 200) return parsePage(text);
  const sentence = `${url.origin} answered ${status}: ${errorMessage(text)}`;
  throw status === 400 ? new UsageError(sentence) : new Error(sentence);
}

function addressOf(
  name: string,
  raw: Readonly<Record<string, string | readonly string[]>>,
  base: string,
): URL {
  if (!URL.canParse(base)) throw new UsageError('--url is not an address such as https://registry.corp');
  const url = new URL(base);
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('--url holds credentials; give --user-name with --password-stdin, or --token-file');
  }
  const local = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) {
    throw new UsageError('--url is not https; credentials go over TLS, or to this machine');
  }
  const result = new URL(`/api/v1/${name}`, url);
  for (const [parameter, value] of Object.entries(raw)) {
    for (const one of [value].flat()) result.searchParams.append(parameter, one);
  }
  return result;
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

function get(
  url: URL,
  authorization: string,
  ca: string | undefined,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      const { code, message } = error as { code?: string; message: string };
      reject(new Error(`${url.origin} cannot be asked: ${code ?? message}`));
    };
    const send = url.protocol === 'https:' ? requestTls : requestPlain;
    const request = send(
      url,
      {
        headers: { authorization, accept: 'application/json' },
        timeout: TIMEOUT_MS,
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        const parts: Buffer[] = [];
        let length = 0;
        response.on('data', (part: Buffer) => {
          length += part.length;
          if (length > ANSWER_LIMIT) request.destroy(new Error('the answer is too large'));
          else parts.push(part);
        });
        response.on('error', fail);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', fail);
    request.end();
  });
}

function parsePage(text: string): Page<unknown> {
  const page = parseJson(text) as { items?: unknown; next?: unknown } | undefined;
  if (!Array.isArray(page?.items) || !(page.next === undefined || typeof page.next === 'string')) {
    throw new Error('the answer is not what Registry Warden gives; is --url its address?');
  }
  return page as Page<unknown>;
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
