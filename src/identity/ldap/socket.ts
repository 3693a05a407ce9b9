/**
 * Connections to a directory server that are ready for LDAP: over TLS, over TLS after StartTLS, or in the clear.
 *
 * StartTLS is done here and not by the library: whatever a server has said in the clear beyond its one answer must not be
 * read as if it had come over TLS. Someone on the way could send the beginning of an answer to the bind before the
 * handshake, and the server's own answer would be its end.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4511#section-4.14
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { frameOf, isWellFormed, SEQUENCE } from './ber.ts';
import { DirectoryFailure } from './failure.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'startTls' | 'clear';
}

export interface OpenOptions {
  /** PEM. Undefined: the authorities that Node knows. */
  readonly ca: string | undefined;
  /** For all of it: connection, StartTLS and handshake. */
  readonly timeoutMs: number;
}

/** ExtendedRequest with message id 1 and the name 1.3.6.1.4.1.1466.20037, no value. */
const START_TLS = Buffer.from(
  `301d02010177188016${Buffer.from('1.3.6.1.4.1.1466.20037').toString('hex')}`,
  'hex',
);
/** Servers answer with some tens of bytes. */
const ANSWER_LIMIT = 1024;

/**
 * @returns a socket over which nothing has been received yet that is not LDAP, without listeners.
 * @throws {DirectoryFailure}, or what the system throws, with its `code`; the connection is closed then.
 */
export async function openSocket(server: Server, { ca, timeoutMs }: OpenOptions): Promise<Socket> {
  const opened: Socket[] = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DirectoryFailure('no connection in time')), timeoutMs);
  });
  const begin = (socket: Socket): Socket => {
    opened.push(socket);
    return socket;
  };
  try {
    return await Promise.race([late, establish(server, ca, begin)]);
  } catch (error) {
    // A socket that was given up may still fail, and nobody listens any more.
    for (const socket of opened) socket.on('error', () => undefined).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function establish(
  { host, port, security }: Server,
  ca: string | undefined,
  begin: (socket: Socket) => Socket,
): Promise<Socket> {
  const tls = {
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
    // Said although it is the default, which an environment variable can change.
    rejectUnauthorized: true,
  };
  if (security === 'tls') return ready(begin(connectTls({ ...tls, port })), 'secureConnect');
  const socket = await ready(begin(connect({ host, port, noDelay: true })), 'connect');
  if (security === 'clear') return socket;
  await startTls(socket);
  return ready(begin(connectTls({ ...tls, socket })), 'secureConnect');
}

function ready(socket: Socket, event: 'connect' | 'secureConnect'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new DirectoryFailure('the server closed the connection'));
    socket.once('error', reject);
    socket.once('close', ended);
    socket.once(event, () => {
      socket.off('error', reject);
      socket.off('close', ended);
      resolve(socket);
    });
  });
}

async function startTls(socket: Socket): Promise<void> {
  socket.write(START_TLS);
  const said = await new Promise<Buffer>((resolve, reject) => {
    let got = Buffer.alloc(0);
    socket.once('error', reject);
    socket.once('close', () => reject(new DirectoryFailure('the server closed the connection')));
    socket.on('data', (part) => {
      got = Buffer.concat([got, part]);
      const length = got[0] === SEQUENCE ? lengthOf(got) : 0;
      if (length === undefined && got.length < ANSWER_LIMIT) return;
      if (length !== undefined && got.length < length && length <= ANSWER_LIMIT) return;
      socket.pause();
      resolve(got);
    });
  });
  socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close');
  // The socket lives on below TLS, where errors are told by the one above.
  socket.on('error', () => undefined);
  if (said[0] !== SEQUENCE) throw new DirectoryFailure('the server does not speak LDAP');
  if (lengthOf(said) !== said.length)
    throw new DirectoryFailure('the server said more than its answer before TLS');
  const code = resultOf(said);
  if (code !== 0) throw new DirectoryFailure(`StartTLS was refused, result code ${code ?? 'unreadable'}`);
}

/** Of the message that the bytes begin with; undefined while that has not come. Too long to be waited for: unreadable. */
function lengthOf(bytes: Buffer): number | undefined {
  const frame = frameOf(bytes, 0);
  if (frame === 'more') return undefined;
  return frame === 'unreadable' ? ANSWER_LIMIT + 1 : frame.end;
}

/**
 * The result code of an LDAPMessage with id 1 that holds an ExtendedResponse; undefined for anything else.
 * RFC 4511 section 4.12: `[APPLICATION 24]`, which begins with the result code.
 */
function resultOf(message: Buffer): number | undefined {
  if (!isWellFormed(message)) return undefined;
  const body = message.subarray(startOf(message));
  if (body[0] !== 0x02 || body[1] !== 1 || body[2] !== 1 || body[3] !== 0x78) return undefined;
  const response = body.subarray(3);
  const result = response.subarray(startOf(response));
  return result[0] === 0x0a && result[1] === 1 ? result[2] : undefined;
}

/** Where the content of an element begins that is well-formed. */
function startOf(element: Buffer): number {
  const frame = frameOf(element, 0);
  return typeof frame === 'string' ? element.length : frame.start;
}
