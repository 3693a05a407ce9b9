/** One document of an issuer over HTTP: bounded in time and size, from exactly the address that was asked. */
import { readFile } from 'node:fs/promises';
import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';

/** Why the keys of an issuer cannot be had, in one sentence for the operators. */
export class IssuerProblem extends Error {
  override readonly name = 'IssuerProblem';
}

/** In bytes. Key sets have a few kilobytes; those of Jenkins one key for each credential. */
const BODY_LIMIT = 512 * 1024;

/**
 * @param caFile PEM, read each time so that it can be replaced; undefined for the CAs that come with Node.
 * @throws {IssuerProblem} for whatever is not 200 with a JSON object, in time.
 */
export async function getJson(
  address: string,
  { caFile, signal }: { readonly caFile: string | undefined; readonly signal: AbortSignal },
): Promise<Readonly<Record<string, unknown>>> {
  const fail = (why: string): never => {
    throw new IssuerProblem(`${address} ${why}`);
  };
  const url = new URL(address);
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  let text: string;
  try {
    text = await read(url, ca, signal);
  } catch (error) {
    if (error instanceof IssuerProblem) throw error;
    if (signal.aborted) return fail('did not answer in time');
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return fail(`cannot be asked: ${code ?? message}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('answered with something else than JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail('answered with JSON that is no object');
  return value as Readonly<Record<string, unknown>>;
}

function read(url: URL, ca: string | undefined, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, signal, headers: { accept: 'application/json' } } as const;
    const request =
      url.protocol === 'https:'
        ? getTls(url, { ...options, ...(ca !== undefined && { ca }) })
        : getPlain(url, options);
    request.on('error', reject);
    request.on('response', (response) => {
      const end = (problem: Error): void => {
        response.destroy();
        reject(problem);
      };
      // A redirect would be a word of the one asked about where keys may come from: the address is set by hand.
      if (response.statusCode !== 200)
        return end(new IssuerProblem(`${url.href} answered ${response.statusCode}; expected 200`));
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_LIMIT)
          return end(new IssuerProblem(`${url.href} answered with more than ${BODY_LIMIT} bytes`));
        chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      return undefined;
    });
  });
}
