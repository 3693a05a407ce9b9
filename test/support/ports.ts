import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

/** Below what Linux hands out for outgoing connections (32768 and up), so that none of those takes the port meanwhile. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A port that nothing listens on at this moment. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await canListen(port, host)) return port;
  }
  throw new Error(`no free port on ${host} between ${LOWEST} and ${HIGHEST} in 50 attempts`);
}

/** Whether a listener can be opened there now. */
export function canListen(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Whether something accepts connections there now. */
export function isOpen(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.setTimeout(1000, () => {
      socket.destroy();
      resolve(false);
    });
  });
}
