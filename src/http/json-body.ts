/** Reads what a client sends to the API: JSON of a shape, and nothing else. */
import type { z } from 'zod';
import { WardenError } from '../errors.ts';
import type { Exchange } from '../gate/exchange.ts';
import { readBody } from '../gate/read-body.ts';
import { plainMediaType } from '../protocol/manifest.ts';
import { readStrictJson } from '../protocol/strict-json.ts';

/** In bytes, where the operation says nothing. Lists of the longest names fit. */
const BODY_LIMIT = 65_536;

/**
 * A page of another site can have a browser send forms and plain text with somebody's password, but no JSON.
 *
 * @throws {WardenError} BODY_TYPE_REFUSED
 */
export function requireJson({ request }: Pick<Exchange, 'request'>): void {
  if (plainMediaType(request.headers['content-type']) !== 'application/json')
    throw new WardenError('BODY_TYPE_REFUSED', { sentence: 'the body must be application/json' });
}

/**
 * @param timeoutMs for the whole of it.
 * @param limit in bytes.
 * @throws {WardenError} REQUEST_MALFORMED with the first field that is wrong, and as readBody and requireJson.
 */
export async function readJson<S extends z.ZodType>(
  exchange: Pick<Exchange, 'request' | 'response' | 'expectsContinue'>,
  { schema, limit = BODY_LIMIT }: { readonly schema: S; readonly limit?: number },
  timeoutMs: number,
): Promise<z.output<S>> {
  const { request, response, expectsContinue } = exchange;
  requireJson(exchange);
  if (expectsContinue) response.writeContinue();
  const json = readStrictJson(await readBody(request, limit, timeoutMs));
  if (!json.ok) throw malformed(`the body cannot be read: ${json.reason}`);
  const read = schema.safeParse(json.value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw malformed(`${where === '' ? 'the body' : where}: ${issue?.message}`);
}

function malformed(sentence: string): WardenError {
  return new WardenError('REQUEST_MALFORMED', { sentence });
}
