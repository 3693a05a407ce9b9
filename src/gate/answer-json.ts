/** A small answer of Warden's own, in JSON. */
import { atEndOfTurn } from '../upstream/end-of-turn.ts';
import type { Exchange } from './exchange.ts';

/** Answers 200. The head is ready when this returns; it goes out with the body, at the end of the event loop's turn. */
export function answerJson(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  json: Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(200, { ...headers, 'Content-Type': 'application/json', 'Content-Length': json.length });
  atEndOfTurn(() => response.end(request.method === 'HEAD' ? undefined : json));
}
