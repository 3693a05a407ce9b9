/** A directory server, or someone on the way to it, that does not keep to the protocol. */
import { randomBytes, randomInt } from 'node:crypto';
import { type AddressInfo, createServer, type Server as Listener, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { EqualityFilter } from 'ldapts';
import { connectTo } from '../../src/identity/ldap/connection.ts';
import { openSocket, type Server } from '../../src/identity/ldap/socket.ts';
import { eventually } from '../gate/eventually.ts';
import { openDirectory } from './set-up.ts';

const SUCCESS = { bind: '61070a010004000400', startTls: '78070a010004000400' };
/** An LDAPMessage: its id, and the operation in hex. */
function message(id: number, operation: string): Buffer {
  const body = `0201${id.toString(16).padStart(2, '0')}${operation}`;
  return Buffer.from(`30${(body.length / 2).toString(16).padStart(2, '0')}${body}`, 'hex');
}

let listener: Listener | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise<void>((resolve) => (listener ? listener.close(() => resolve()) : resolve()));
  listener = undefined;
});

/** @param answer told of each piece of what comes, with its number from 0. */
async function listen(answer: (socket: Socket, count: number, data: Buffer) => void): Promise<number> {
  listener = createServer((socket) => {
    sockets.add(socket);
    let count = 0;
    socket.on('error', () => undefined);
    socket.on('data', (data) => answer(socket, count++, data));
  });
  await new Promise<void>((resolve) => listener?.listen(0, '127.0.0.1', resolve));
  return (listener.address() as AddressInfo).port;
}

const at = (port: number, security: Server['security'] = 'clear'): Server => ({
  host: '127.0.0.1',
  port,
  security,
});
/** For servers that answer; the machine may be busy. */
const PATIENT = { ca: undefined, timeoutMs: 10_000, answerMs: 10_000 };
/** For those that do not. */
const SHORT = { ca: undefined, timeoutMs: 300, answerMs: 300 };
const nothing = (): void => undefined;

describe('a directory server', () => {
  it.each<readonly [string, Server['security']]>([
    ['at the start of TLS', 'tls'],
    ['to StartTLS', 'startTls'],
  ])('that never answers %s is given up', async (_what, security) => {
    const port = await listen(nothing);
    await expect(openSocket(at(port, security), SHORT)).rejects.toMatchObject({
      reason: 'no connection in time',
    });
  });

  it('that takes StartTLS and then says nothing is given up', async () => {
    const port = await listen((socket, count) => {
      if (count === 0) socket.write(message(1, SUCCESS.startTls));
    });
    await expect(openSocket(at(port, 'startTls'), SHORT)).rejects.toMatchObject({
      reason: 'no connection in time',
    });
  });

  it.each([
    // The beginning of an answer to the bind, whose rest would be the server's own answer under TLS.
    [
      'the beginning of a later answer',
      Buffer.concat([message(1, SUCCESS.startTls), Buffer.from('3016020102', 'hex')]),
    ],
    ['a whole later answer', Buffer.concat([message(1, SUCCESS.startTls), message(2, SUCCESS.bind)])],
  ])('that says more than its answer to StartTLS in the clear is refused: %s', async (_what, said) => {
    const port = await listen((socket, count) => {
      if (count === 0) socket.write(said);
    });
    await expect(openSocket(at(port, 'startTls'), PATIENT)).rejects.toMatchObject({
      reason: 'the server said more than its answer before TLS',
    });
  });

  it.each([
    ['refuses StartTLS', message(1, '78070a010204000400'), /StartTLS was refused, result code 2/],
    ['answers StartTLS under another id', message(7, SUCCESS.startTls), /unreadable/],
    ['answers StartTLS with another operation', message(1, SUCCESS.bind), /unreadable/],
    ['announces a message without end', Buffer.from('3084ffffffff', 'hex'), /said more/],
    ['says nothing of LDAP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak LDAP/],
  ])('that %s is refused', async (_what, said, reason) => {
    const port = await listen((socket) => socket.write(said));
    await expect(openSocket(at(port, 'startTls'), PATIENT)).rejects.toMatchObject({
      reason: expect.stringMatching(reason),
    });
  });

  it.each<readonly [string, Buffer, RegExp]>([
    [
      'very many tiny messages at once',
      Buffer.concat(Array.from({ length: 50_000 }, () => message(99, '7800'))),
      /in time/,
    ],
    ['a message that is announced as very long', Buffer.from('30847fffffff020102', 'hex'), /more than/],
    // Over which the library reads until the memory is full.
    [
      'an answer whose parts do not fill it',
      message(2, '611b0a0100040004008230ffffffffffffffffffffffffffffffffffff'),
      /cannot be read/,
    ],
    ['nothing that can be read', Buffer.alloc(1000, 0xff), /cannot be read/],
    [
      'more than one answer may hold',
      Buffer.concat([Buffer.from('30847fffffff', 'hex'), Buffer.alloc(2_000_000)]),
      /more than/,
    ],
  ])('that sends %s ends its connection and nothing else', async (_what, said, reason) => {
    const port = await listen((socket) => socket.write(said));
    const connection = await connectTo(at(port), { ...PATIENT, answerMs: 1000 });
    await expect(connection.bind('cn=a', 'b')).rejects.toMatchObject({
      reason: expect.stringMatching(reason),
    });
    connection.close();
    await expect(connection.bind('cn=a', 'b')).rejects.toMatchObject({ reason: 'the connection broke' });
    expect(connection.isOpen()).toBe(false);
  });

  it('that resets the connection before it was asked anything ends it and nothing else', async () => {
    const port = await listen(nothing);
    const connection = await connectTo(at(port), PATIENT);
    const [socket] = await eventually(
      () => [...sockets],
      (found) => found.length > 0,
    );
    socket?.resetAndDestroy();
    await eventually(connection.isOpen, (open) => !open);
    await expect(connection.bind('cn=a', 'b')).rejects.toMatchObject({ name: 'DirectoryFailure' });
    connection.close();
  });

  it('that answers with noise ends at most the connection', async () => {
    const good = message(2, SUCCESS.bind);
    const port = await listen((socket) => {
      const noise = Buffer.concat([good, randomBytes(40), good]);
      for (let count = 0; count < 4; count++) noise[randomInt(noise.length)] = randomInt(256);
      socket.write(noise.subarray(0, randomInt(1, noise.length)));
    });
    const asked = Array.from({ length: 100 }, async () => {
      const connection = await connectTo(at(port), { ...PATIENT, answerMs: 300 });
      try {
        return String(await connection.bind('cn=a', 'b'));
      } catch (error) {
        return (error as Error).name;
      } finally {
        connection.close();
      }
    });
    for (const answer of await Promise.all(asked))
      expect(['true', 'false', 'DirectoryFailure']).toContain(answer);
  });

  it('that closes between two questions is not connected to again in silence', async () => {
    const port = await listen((socket) => {
      socket.end(message(2, SUCCESS.bind));
    });
    const connection = await connectTo(at(port), PATIENT);
    expect(await connection.bind('cn=a', 'b')).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    const filter = new EqualityFilter({ attribute: 'uid', value: 'a' });
    await expect(connection.search({ base: '', scope: 'sub', filter, attributes: [] })).rejects.toMatchObject(
      {
        name: 'DirectoryFailure',
      },
    );
    expect(sockets.size).toBe(1);
    connection.close();
  });

  it.each([
    ['busy', 51],
    ['unavailable', 52],
    ['a referral', 10],
    ['confidentialityRequired', 13],
    ['an error of its own', 80],
  ])('that answers a bind with %s has not decided', async (_what, code) => {
    const port = await listen((socket) => {
      socket.write(message(2, `61070a01${code.toString(16).padStart(2, '0')}04000400`));
    });
    const connection = await connectTo(at(port), PATIENT);
    await expect(connection.bind('cn=a', 'b')).rejects.toMatchObject({ reason: `result code ${code}` });
    connection.close();
  });

  it.each(['', 'PLAIN', 'EXTERNAL', 'alice'])(
    'is never asked to bind as %j, which is no name of an entry',
    async (dn) => {
      const port = await listen((socket) => socket.write(message(2, SUCCESS.bind)));
      const connection = await connectTo(at(port), PATIENT);
      expect(await connection.bind(dn, 'secret')).toBe(false);
      expect(await connection.bind('cn=a', '')).toBe(false);
      connection.close();
    },
  );

  it('that never answers ends with the time for the whole of it, however many servers there are', async () => {
    const port = await listen(nothing);
    const { directory, told } = openDirectory([at(port), at(port), at(port)], {
      answerMs: 60_000,
      totalMs: 400,
    });
    await expect(directory.login('alice', 'secret')).rejects.toMatchObject({ name: 'DIRECTORY_UNAVAILABLE' });
    expect(told.failures).toContain('0 no answer in time');
    directory.close();
  });
});
