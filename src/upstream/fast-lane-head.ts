/**
 * Reads the head of the registry's answer on the fast lane. Pure and strict: one form is understood, and whatever is not
 * of it is `odd`, for node:http to read. So nothing here has to be repaired or guessed.
 *
 * Understood is HTTP/1.1 with a Content-Length, or an answer that never has a body (to HEAD; 204; 304), after any
 * number of interim answers. Odd is, among others: Transfer-Encoding; no length; two lengths, even the same twice; a
 * repeated header of those that reach the client; folded lines; bare CR or LF; a `Connection` that names headers.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ANSWER_HEADERS } from './headers.ts';

export interface AnswerHead {
  readonly kind: 'head';
  readonly status: number;
  /** Those of ANSWER_HEADERS; the others are of no use here. */
  readonly headers: IncomingHttpHeaders;
  /** Bytes that follow the head; 0 where the answer has no body, whatever its Content-Length says. */
  readonly bodyBytes: number;
  /** Whether another request may be sent on this connection. */
  readonly keepAlive: boolean;
  /** Of the head itself, with the interim ones before it. */
  readonly headBytes: number;
}

export type HeadReading = AnswerHead | { readonly kind: 'partial' } | { readonly kind: 'odd' };

/** Of a head with the interim ones before it. node:http has the same limit, so nothing passes here that would not there. */
export const HEAD_LIMIT_BYTES = 16_384;

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** No sign, no leading zero, and below 2^53. */
const LENGTH = /^(?:0|[1-9]\d{0,14})$/;
/** Headers that say where the answer ends, or what becomes of the connection. */
const FRAMING: ReadonlySet<string> = new Set(['connection', 'transfer-encoding', 'trailer', 'upgrade']);

const PARTIAL: HeadReading = { kind: 'partial' };
const ODD: HeadReading = { kind: 'odd' };

/** @param bytes what has come so far, from the first byte of the answer on. */
export function readAnswerHead(bytes: Buffer, method: 'GET' | 'HEAD'): HeadReading {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n', start, 'latin1');
    if (end === -1) return bytes.length < HEAD_LIMIT_BYTES ? PARTIAL : ODD;
    const headBytes = end + 4;
    if (headBytes >= HEAD_LIMIT_BYTES) return ODD;
    const reading = readHead(bytes.toString('latin1', start, end), method, headBytes);
    if (reading !== 'interim') return reading;
    start = headBytes;
  }
}

function readHead(text: string, method: 'GET' | 'HEAD', headBytes: number): HeadReading | 'interim' {
  const [first = '', ...lines] = text.split('\r\n');
  const status = Number(STATUS_LINE.exec(first)?.[1]);
  // 101 hands the connection over to another protocol; nobody asked for one.
  if (Number.isNaN(status) || status === 101) return ODD;
  const headers: IncomingHttpHeaders = Object.create(null);
  const framing: Partial<Record<string, string>> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = trimBlanks(line.slice(colon + 1));
    if (!NAME.test(name) || !VALUE.test(value)) return ODD;
    if (FRAMING.has(name)) {
      if (framing[name] !== undefined) return ODD;
      framing[name] = value;
    } else if (ANSWER_HEADERS.has(name)) {
      if (headers[name] !== undefined) return ODD;
      headers[name] = value;
    }
  }
  const { connection = 'keep-alive', ...rest } = framing;
  if (Object.keys(rest).length > 0) return ODD;
  const wish = connection.toLowerCase();
  if (wish !== 'keep-alive' && wish !== 'close') return ODD;
  if (status < 200) return headers['content-length'] === undefined ? 'interim' : ODD;
  const bodyBytes = lengthOf(status, method, headers['content-length']);
  if (bodyBytes === undefined) return ODD;
  return { kind: 'head', status, headers, bodyBytes, keepAlive: wish === 'keep-alive', headBytes };
}

/** Undefined where the length cannot be told, or is told of a body that cannot be. */
function lengthOf(status: number, method: 'GET' | 'HEAD', length: string | undefined): number | undefined {
  if (length !== undefined && !LENGTH.test(length)) return undefined;
  if (status === 204) return length === undefined ? 0 : undefined;
  if (method === 'HEAD' || status === 304) return 0;
  return length === undefined ? undefined : Number(length);
}

/** Blanks and tabs alone are optional white space; String.trim takes the latin1 no-break space away too. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
