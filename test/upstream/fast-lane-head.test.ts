import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HEAD_LIMIT_BYTES, readAnswerHead } from '../../src/upstream/fast-lane-head.ts';
import { ANSWER_HEADERS } from '../../src/upstream/headers.ts';

function read(text: string, method: 'GET' | 'HEAD' = 'GET'): ReturnType<typeof readAnswerHead> {
  return readAnswerHead(Buffer.from(text, 'latin1'), method);
}

describe('a head that the fast lane reads', () => {
  it('gives status, length, what reaches the client, and where the body begins', () => {
    const text = 'HTTP/1.1 206 Partial Content\r\nContent-length: 12\r\nETag:\t"x" \r\nServer: y\r\n\r\n';
    expect(read(`${text}body`)).toEqual({
      kind: 'head',
      status: 206,
      headers: { 'content-length': '12', etag: '"x"' },
      bodyBytes: 12,
      keepAlive: true,
      headBytes: text.length,
    });
  });

  it.each([
    ['to HEAD', 'HEAD', '200 OK\r\nContent-Length: 12'],
    ['to HEAD without a length', 'HEAD', '200 OK'],
    ['that nothing changed', 'GET', '304 Not Modified\r\nContent-Length: 12'],
    ['without content', 'GET', '204 No Content'],
  ] as const)('has no body in an answer %s', (_name, method, rest) => {
    expect(read(`HTTP/1.1 ${rest}\r\n\r\n`, method)).toMatchObject({ kind: 'head', bodyBytes: 0 });
  });

  it('comes after interim ones, and counts them in', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n';
    expect(read(text)).toMatchObject({
      status: 200,
      headers: { 'content-length': '1' },
      headBytes: text.length,
    });
    expect(Object.keys((read(text) as { headers: object }).headers)).toEqual(['content-length']);
  });

  it('ends the connection where it says so', () => {
    expect(read('HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 1\r\n\r\n')).toMatchObject({
      keepAlive: false,
    });
  });

  it('is partial until its empty line is there', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n';
    for (let length = 0; length < text.length; length++) {
      expect(read(text.slice(0, length))).toEqual({ kind: 'partial' });
    }
  });
});

describe('what the fast lane leaves to node:http', () => {
  it.each([
    ['another protocol', 'SSH-2.0\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n'],
    ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\n'],
    ['a small http', 'http/1.1 200 OK\r\nContent-Length: 1\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 1\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 1\r\n\r\n'],
    ['a status beyond all', 'HTTP/1.1 600 OK\r\nContent-Length: 1\r\n\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['chunks and a length', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['identity', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: identity\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n'],
    ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a hexadecimal length', 'HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n'],
    ['a length with a leading zero', 'HTTP/1.1 200 OK\r\nContent-Length: 01\r\n\r\n'],
    ['a length beyond 2^53', 'HTTP/1.1 200 OK\r\nContent-Length: 9007199254740993\r\n\r\n'],
    ['a length without content', 'HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n'],
    [
      'a length before the answer',
      'HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n',
    ],
    ['a repeated ETag', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: a\r\nETag: b\r\n\r\n'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: a\r\n b\r\n\r\n'],
    ['a line without a colon', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag\r\n\r\n'],
    ['a line without a name', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n: a\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n'],
    ['a bare CR', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: a\rb\r\n\r\n'],
    ['a NUL', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: a\0b\r\n\r\n'],
    ['a Connection that names a header', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: ETag\r\n\r\n'],
    ['an Upgrade', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nUpgrade: h2c\r\n\r\n'],
    ['a trailer', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTrailer: ETag\r\n\r\n'],
    ['an empty line first', '\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n'],
    ['a head that is too long', `HTTP/1.1 200 OK\r\nETag: ${'x'.repeat(HEAD_LIMIT_BYTES)}`],
    [
      'a whole head that is too long',
      `HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: ${'x'.repeat(HEAD_LIMIT_BYTES)}\r\n\r\n`,
    ],
    ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)],
  ])('%s', (_name, text) => {
    expect(read(text)).toEqual({ kind: 'odd' });
  });
});

/** Lines from which heads are made: mostly right, each of the others wrong in one way. */
const FIRST_LINES = [
  ...['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 200 ', 'HTTP/1.1 200', 'HTTP/1.1 206 Partial Content'],
  ...['HTTP/1.1 304 Not Modified', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 204 No Content', 'HTTP/1.0 200 OK'],
  ...[
    'HTTP/1.1 099 X',
    'HTTP/1.1  200 OK',
    'HTTP/1.1\t200 OK',
    'HTTP/1.1 500 \xe9\xa0',
    'HTTP/1.1 200 O\x7fK',
    ' HTTP/1.1 200 OK',
  ],
];
const LINES = [
  ...[
    'Content-Length: 5',
    'Content-Length: 5',
    'content-length:5',
    'CONTENT-LENGTH:\t 5 \t',
    'Content-Length: 0',
  ],
  ...[
    'Content-Length: 05',
    'Content-Length: 5 5',
    'Content-Length: 5,5',
    'Content-Length : 5',
    'Content-Length: 5\x0b',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'transfer-encoding:',
    'Transfer-Encoding: x',
  ],
  ...[
    'Connection: close',
    'Connection: keep-alive',
    'Connection: Keep-Alive',
    'Connection: close, etag',
    'connection:',
  ],
  ...[
    'ETag: "a"',
    'ETag: \xa0b\xa0',
    'Vary: Accept',
    'Link: </x>; rel=next',
    'Location: /v2/',
    'Location: /w2/',
  ],
  ...[
    'Content-Type: text/plain',
    'Content-Type:',
    'Retry-After: 1',
    'Warning: 1\t2',
    'Cache-Control: no-store',
  ],
  ...[
    'Upgrade: h2c',
    'Trailer: etag',
    'Keep-Alive: timeout=5',
    'Set-Cookie: a=b',
    '__proto__: x',
    'constructor: y',
  ],
  ...[
    ' folded',
    '\tfolded',
    'no colon',
    ': no name',
    'sp ace: x',
    'n\xe4me: x',
    'x: \x01',
    'x: a\rb',
    'x: a\nb',
    'x: a\n\nb',
    '',
  ],
];
const INTERIM = [
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 102 Processing',
  'HTTP/1.1 103 Early Hints\r\nLink: </y>',
];

const anAnswer = fc.record({
  method: fc.constantFrom('GET' as const, 'HEAD' as const),
  interim: fc.array(fc.constantFrom(...INTERIM), { maxLength: 2 }),
  first: fc.constantFrom(...FIRST_LINES),
  lines: fc.array(fc.constantFrom('ETag: "b"', 'Date: now', 'Allow: GET', ...LINES), {
    maxLength: 4,
  }),
  length: fc.constantFrom([], ['Content-Length: 5'], ['Content-Length: 12']),
  // What ends a line, and the head: nearly always right.
  ending: fc.constantFrom(...Array<string>(18).fill('\r\n'), '\n', '\r'),
  body: fc.constantFrom(
    '',
    'he',
    'hello',
    'hello, world',
    '5\r\nhello\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
  ),
  /** One byte is set to another, at a place between 0 and 1. */
  change: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 255 })),
    },
  ),
});

describe('the reader of heads beside that of node:http', () => {
  const RUNS = Number(process.env['WARDEN_FUZZ_RUNS'] ?? 20_000);

  it('means the same wherever it accepts', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(anAnswer, async ({ method, interim, first, lines, length, ending, body, change }) => {
        const head = [
          ...interim.map((text) => `${text}\r\n`),
          [first, ...length, ...lines].join(ending),
        ].join('\r\n');
        const bytes = Buffer.from(`${head}${ending}${ending}${body}`, 'latin1');
        if (change) bytes[Math.floor(change[0] * bytes.length)] = change[1];
        const reading = readAnswerHead(bytes, method);
        if (reading.kind !== 'head') return;
        accepted++;
        const end = reading.headBytes + reading.bodyBytes;
        const there = bytes.subarray(reading.headBytes, end);
        expect({
          status: reading.status,
          headers: { ...reading.headers },
          body: there.toString('latin1'),
          whole: there.length === reading.bodyBytes,
          // What follows is for nobody; node:http may choke on it.
        }).toEqual(await readByNode(bytes.subarray(0, end), method));
      }),
      { numRuns: RUNS, seed: 20_260 },
    );
    // Otherwise nothing was compared.
    expect(accepted).toBeGreaterThan(RUNS / 10);
  });
});

/** What node:http makes of the same bytes, followed by the end of the connection. */
function readByNode(bytes: Buffer, method: 'GET' | 'HEAD'): Promise<unknown> {
  return new Promise((resolve) => {
    const connection = new Duplex({
      read: () => undefined,
      write(_chunk, _encoding, done) {
        done();
        connection.push(bytes);
        connection.push(null);
      },
    });
    const request = httpRequest({ method, createConnection: () => connection });
    request.on('error', (error: NodeJS.ErrnoException) => resolve({ refused: error.code }));
    request.on('response', (message: IncomingMessage) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('error', () => undefined);
      message.on('close', () =>
        resolve({
          status: message.statusCode,
          headers: Object.fromEntries(
            Object.entries(message.headers).filter(([name]) => ANSWER_HEADERS.has(name)),
          ),
          body: Buffer.concat(chunks).toString('latin1'),
          whole: message.complete,
        }),
      );
    });
    request.end();
  });
}
