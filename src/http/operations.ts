/** The listener for those who run Warden: health, readiness, metrics. Loopback by default; nothing of it is on the clients' address. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Metrics } from '../telemetry/metrics.ts';
import { createNotifications, NOTIFICATIONS_PATH } from './notifications.ts';

export type Readiness =
  | { readonly ready: true; readonly warning?: string }
  | { readonly ready: false; readonly why: string };

export interface OperationsDeps {
  /** Can serve pulls. */
  readonly ready: () => Promise<Readiness>;
  /** Can serve pushes: all of the above, and the record can be written. */
  readonly readyForPush: () => Promise<Readiness>;
  readonly metrics: Metrics;
  /** Takes a notification of the registry; undefined where the settings do not want any. */
  readonly notify: ((text: string) => boolean) | undefined;
}

export function createOperationsServer({ ready, readyForPush, metrics, notify }: OperationsDeps): Server {
  const answers: Readonly<Record<string, () => Promise<{ status: number; type: string; text: string }>>> = {
    '/healthz': async () => text(200, 'ok'),
    '/readyz': async () => readiness(await ready()),
    '/readyz/push': async () => readiness(await readyForPush()),
    '/metrics': async () => {
      const { contentType, text: body } = await metrics.render();
      return { status: 200, type: contentType, text: body };
    },
  };
  const notification = notify && createNotifications({ take: notify });

  async function answerTo(request: IncomingMessage): Promise<{ status: number; type: string; text: string }> {
    if (notification && request.url === NOTIFICATIONS_PATH) return text(...(await notification(request)));
    const answer = answers[request.url ?? ''];
    const method = request.method === 'GET' || request.method === 'HEAD';
    if (answer && method) return answer();
    return text(answer ? 405 : 404, answer ? 'GET only' : 'not found');
  }

  return createServer((request, response) => {
    answerTo(request)
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
