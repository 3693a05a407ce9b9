/** The listener for those who run Warden: health, readiness, metrics. Loopback by default; nothing of it is on the clients' address. */
import { createServer, type Server } from 'node:http';
import type { Metrics } from '../telemetry/metrics.ts';

export type Readiness =
  | { readonly ready: true; readonly warning?: string }
  | { readonly ready: false; readonly why: string };

export interface OperationsDeps {
  /** Can serve pulls. */
  readonly ready: () => Promise<Readiness>;
  /** Can serve pushes: all of the above, and the record can be written. */
  readonly readyForPush: () => Promise<Readiness>;
  readonly metrics: Metrics;
}

export function createOperationsServer({ ready, readyForPush, metrics }: OperationsDeps): Server {
  const answers: Readonly<Record<string, () => Promise<{ status: number; type: string; text: string }>>> = {
    '/healthz': async () => text(200, 'ok'),
    '/readyz': async () => readiness(await ready()),
    '/readyz/push': async () => readiness(await readyForPush()),
    '/metrics': async () => {
      const { contentType, text: body } = await metrics.render();
      return { status: 200, type: contentType, text: body };
    },
  };
  return createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    const method = request.method === 'GET' || request.method === 'HEAD';
    const made =
      answer && method
        ? answer()
        : Promise.resolve(text(answer ? 405 : 404, answer ? 'GET only' : 'not found'));
    made
      .catch(() => text(500, 'internal error'))
      .then(({ status, type, text: body }) => response.writeHead(status, { 'Content-Type': type }).end(body))
      .catch(() => response.destroy());
  });
}

function readiness(state: Readiness): { status: number; type: string; text: string } {
  if (!state.ready) return text(503, state.why);
  return text(200, state.warning === undefined ? 'ready' : `ready, but ${state.warning}`);
}

function text(status: number, line: string): { status: number; type: string; text: string } {
  return { status, type: 'text/plain; charset=utf-8', text: `${line}\n` };
}
