/** The whole answer to a request, within bounds. */
import type { ClientRequest } from 'node:http';
import { NoAnswer } from './no-answer.ts';
import type { Answer } from './send.ts';

/** @returns bytes undefined when the body is larger than the limit; the connection is then dropped. */
export function collect(request: ClientRequest, limitBytes: number, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new NoAnswer('no answer in time')), timeoutMs);
    function fail(error: Error): void {
      clearTimeout(timer);
      reject(error);
      request.destroy();
    }
    function settle(answer: Answer): void {
      clearTimeout(timer);
      resolve(answer);
    }
    let answered = false;
    request.on('error', fail);
    // An answer that switches protocols is neither a response nor an error to node:http; it only ends.
    request.once('close', () => {
      if (!answered) fail(new Error('the registry closed the connection before it answered'));
    });
    request.on('response', (message) => {
      answered = true;
      const { statusCode: status = 0, headers } = message;
      const chunks: Buffer[] = [];
      let size = 0;
      message.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limitBytes) chunks.push(chunk);
        else {
          settle({ status, headers, bytes: undefined });
          request.destroy();
        }
      });
      message.on('end', () => settle({ status, headers, bytes: Buffer.concat(chunks) }));
      message.on('error', fail);
      message.once('close', () => fail(new Error('the answer of the registry ended early')));
    });
  });
}
