/** The same request framed oddly: where one request ends and the next begins is what two readers may see differently. */
import type { RawRequest } from './corpus.ts';
import type { Random } from './random.ts';

/** A request of its own, for who takes the end of a body for the beginning of another request. */
const SMUGGLED =
  'PUT /v2/sec/manifests/smuggled HTTP/1.1\r\nHost: registry.example\r\nContent-Length: 0\r\n\r\n';

const FRAMINGS: readonly ((length: number) => readonly string[])[] = [
  (length) => [`Content-Length: ${length}`],
  (length) => [`Content-Length: ${length}`, 'Transfer-Encoding: chunked'],
  (length) => ['Transfer-Encoding: chunked', `Content-Length: ${length}`],
  () => ['Content-Length: 0', 'Transfer-Encoding: chunked'],
  (length) => [`Content-Length: ${length}`, `Content-Length: ${length}`],
  (length) => [`Content-Length: ${length}`, 'Content-Length: 0'],
  (length) => [`Content-Length: +${length}`],
  (length) => [`Content-Length: ${length}, ${length}`],
  (length) => [`Content-Length: 0x${length.toString(16)}`],
  (length) => [`Content-Length : ${length}`],
  (length) => [`Content-Length:\t${length}\t`],
  () => ['Content-Length: 0'],
  () => ['Content-Length: '],
  () => ['Content-Length: -1'],
  () => ['Transfer-Encoding: chunked'],
  () => ['Transfer-Encoding: Chunked'],
  () => ['Transfer-Encoding:chunked '],
  () => ['Transfer-Encoding : chunked'],
  () => ['Transfer-Encoding: identity, chunked'],
  () => ['Transfer-Encoding: chunked, identity'],
  () => ['Transfer-Encoding: gzip, chunked'],
  () => ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  () => ['Transfer-Encoding: xchunked'],
  () => ['Transfer-Encoding: "chunked"'],
  () => ['Transfer-Encoding:\x0bchunked'],
  () => ['X: y\r\n Transfer-Encoding: chunked'],
  () => ['Transfer-Encoding:\r\n chunked'],
  () => ['Connection: Transfer-Encoding', 'Transfer-Encoding: chunked'],
  () => ['Connection: Content-Length, close'],
  () => ['Expect: 100-continue', 'Content-Length: 5'],
  () => [],
];

const BODIES: readonly ((body: string) => string)[] = [
  (body) => body,
  (body) => body + SMUGGLED,
  () => SMUGGLED,
  (body) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  (body) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n${SMUGGLED}`,
  () => `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
  () => `0\r\n\r\n${SMUGGLED}`,
  (body) => `${body.length.toString(16)};a=b\r\n${body}\r\n0\r\nX: y\r\n\r\n`,
  (body) => `0${body.length.toString(16)} \r\n${body}\r\n0\r\n\r\n`,
  (body) => `${body.length.toString(16)}\n${body}\n0\n\n${SMUGGLED}`,
  () => 'ffffffffffffffff1\r\nx\r\n0\r\n\r\n',
  () => '-1\r\nx\r\n0\r\n\r\n',
];

/** Bytes for a connection of their own. */
export function frameOddly(random: Random, request: RawRequest, authorization: string): Buffer {
  const body = random.pick(BODIES)(request.body);
  const framing = random.pick(FRAMINGS)(body.length);
  const version = random.once(8)
    ? random.pick(['HTTP/1.0', 'HTTP/1.1 ', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', ''])
    : 'HTTP/1.1';
  const head = [
    `${request.method}${random.once(20) ? random.pick(['  ', '\t', '\x0b']) : ' '}${request.target} ${version}`,
    random.once(20) ? random.pick(['', 'Host: a\r\nHost: b', 'host : a', 'Host:']) : 'Host: registry.example',
    `Authorization: ${authorization}`,
    ...request.headers.map(([name, value]) => `${name}: ${value}`),
    ...framing,
    ...(random.once(12)
      ? [
          random.pick([
            ': x',
            'X\x00: y',
            'X: \x00',
            'Authorization: Bearer other',
            ' folded: x',
            'X-\u00e9: y',
          ]),
        ]
      : []),
  ].filter((line) => line !== '');
  const lineEnd = random.once(16) ? random.pick(['\n', '\r', '\r\r\n']) : '\r\n';
  return Buffer.from(
    `${random.once(30) ? '\r\n' : ''}${head.join(lineEnd)}${lineEnd}${lineEnd}${body}`,
    'latin1',
  );
}
