/** One request to an issuer: bounded in time and size, to exactly the address that was meant. */
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';

/** Why an issuer cannot be asked, in one sentence for the operators. */
export class IssuerProblem extends Error {
  override readonly name = 'IssuerProblem';
}

/** An error and what it came of, the outermost first. */
export function causesOf(error: unknown): readonly unknown[] {
  const inner = error instanceof Error ? error.cause : undefined;
  return inner === undefined ? [error] : [error, ...causesOf(inner)];
}

/** The sentences of an error and of what it came of. Those about JSON quote what was read, and that may hold a token. */
export function sentencesOf(error: unknown): string {
  return causesOf(error)
    .flatMap((one) => (one instanceof Error && !(one instanceof SyntaxError) ? [one.message] : []))
    .join(': ');
}

export interface AskOptions {
  /** PEM, read each time so that it can be replaced; undefined for the CAs that come with Node. */
  readonly caFile: string | undefined;
  readonly signal: AbortSignal;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface IssuerAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
}

/** In bytes. Key sets have a few kilobytes; those of Jenkins one key for each credential. */
const BODY_LIMIT = 512 * 1024;

/**
 * Redirects are answers like others: where one leads would be a word of the one asked.
 *
 * @throws {IssuerProblem} where there is no answer, or none that ends in time and below 512 KiB.
 */
export async function askIssuer(address: string, options: AskOptions): Promise<IssuerAnswer> {
  const { caFile, signal } = options;
  const fail = (why: string): never => {
    throw new IssuerProblem(`${address} ${why}`);
  };
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  try {
    return await send(new URL(address), ca, options);
  } catch (error) {
    if (error instanceof IssuerProblem) throw error;
    if (signal.aborted) return fail('did not answer in time');
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return fail(`cannot be asked: ${code ?? message}`);
  }
}

function send(
  url: URL,
  ca: string | undefined,
  { method = 'GET', headers = {}, body, signal }: AskOptions,
): Promise<IssuerAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { agent: false, method, signal, headers: { ...headers, ...length } } as const;
    const request =
      url.protocol === 'https:'
        ? requestTls(url, { ...options, ...(ca !== undefined && { ca }) })
        : requestPlain(url, options);
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_LIMIT) {
          response.destroy();
          reject(new IssuerProblem(`${url.href} answered with more than ${BODY_LIMIT} bytes`));
          return;
        }
        chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: Buffer.concat(chunks),
        }),
      );
    });
    request.end(body);
  });
}
