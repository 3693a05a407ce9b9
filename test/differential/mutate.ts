/** Requests made strange: by a seed, from the corpus, a few changes at a time, so that many stay near what is accepted. */
import { type RawRequest, SECRET_DIGEST } from './corpus.ts';
import type { Random } from './random.ts';

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'];
const ODD_METHODS = ['OPTIONS', 'TRACE', 'PROPFIND', 'get', 'Put', 'LINK', 'POST\u00e9', 'DELETEX'];
const SEGMENTS = [
  ...[
    'pub',
    'sec',
    'team/app',
    'a',
    'a/b',
    'a__b',
    'a.b',
    'a-b',
    'x--y',
    '0',
    'v2',
    'manifests',
    'blobs',
    'uploads',
    'tags',
  ],
  ...[
    'list',
    'tags/list',
    'blobs/uploads',
    'referrers',
    '_catalog',
    'latest',
    '',
    '.',
    '..',
    '%2e%2e',
    '%2E',
    '..%2f',
    'A',
    'Pub',
  ],
  ...[
    'a..b',
    'a___b',
    '-a',
    'a-',
    'a_',
    'localhost',
    'host:5000',
    '[::1]',
    '~',
    ';x',
    'a;b',
    'a:b',
    'tag',
    `sha256:${'c3'.repeat(32)}`,
  ],
];
/** Put into a target at any place; no blank and no line end, which would end it. */
const INSERTS = [
  ...[
    '/',
    '//',
    '/./',
    '/../',
    '%2f',
    '%2F',
    '%5c',
    '\\',
    '%00',
    '%0a',
    '%0d%0a',
    '%20',
    '+',
    ';',
    ':',
    '@',
    '#',
    '?',
    '&',
    '=',
  ],
  ...[
    '%',
    '%%',
    '%zz',
    '%25',
    '%252f',
    '%3A',
    '%3f',
    '%23',
    '|',
    '"',
    '<',
    '[',
    ']',
    '{',
    '^',
    '`',
    '~',
    '!',
    '$',
    '*',
    "'",
    '(',
  ],
  ...[
    '\u00e9',
    '\u00c3\u00a9',
    '%c3%a9',
    '%C0%AF',
    '%e2%80%8b',
    '\u00e2\u0084\u00aa',
    '\u00c5\u00bf',
    'S',
    'K',
    '_',
    '__',
    '___',
    '-',
    '.',
    '..',
    '0',
  ],
];
const DIGESTS = [
  SECRET_DIGEST,
  `sha256:${'d4'.repeat(32)}`,
  SECRET_DIGEST.replace(':', '%3A'),
  SECRET_DIGEST.replace('sha', 'SHA'),
  `sha256:${SECRET_DIGEST.slice(7).toUpperCase()}`,
  `sha512:${'a1'.repeat(64)}`,
  'sha256:',
  'x',
];
const NAMES = [
  'sec',
  'pub',
  'team/app',
  'team%2Fapp',
  '%73ec',
  'SEC',
  '',
  '../sec',
  'sec/',
  'a..b',
  'host:5000/sec',
  'sec%00',
  'se+c',
];
const PARAMETERS = [
  'from',
  'mount',
  'digest',
  '_state',
  'tag',
  'n',
  'last',
  'artifactType',
  'digest-algorithm',
  '_method',
  'origin',
  '_warden',
  'ns',
];
const HEADERS: readonly (readonly [string, string])[] = [
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-Original-URL', '/v2/sec/manifests/l'],
  ['X-Rewrite-URL', '/v2/sec/manifests/l'],
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-For', '192.0.2.1, 192.0.2.2'],
  ['Forwarded', 'for=192.0.2.1;host=evil.example'],
  ['Content-Type', 'application/x-www-form-urlencoded'],
  ['content-type', 'APPLICATION/X-WWW-FORM-URLENCODED ; x=y'],
  ['Content-Type', 'multipart/form-data; boundary=b'],
  ['Content-Type', 'application/vnd.oci.image.manifest.v1+json'],
  ['Content-Type', 'application/octet-stream'],
  ['Content-Range', '0-5'],
  ['Range', 'bytes=0-1'],
  ['Accept', 'application/vnd.oci.image.index.v1+json'],
  ['Docker-Upload-UUID', '7845db1c-ed8a-4ed6-8b73-6eadf6adbfd5'],
  ['Cookie', 'from=sec'],
];
const BODIES = [
  'from=sec',
  `mount=${SECRET_DIGEST}&from=sec`,
  `digest=sha256:${'d4'.repeat(32)}`,
  '_state=x&digest=y',
  '{}',
  '--b\r\nContent-Disposition: form-data; name="from"\r\n\r\nsec\r\n--b--\r\n',
  'GET /v2/sec/manifests/l HTTP/1.1\r\nHost: x\r\n\r\n',
];

/** One request; the same for the same random numbers and corpus. */
export function mutateRequest(random: Random, corpus: readonly RawRequest[]): RawRequest {
  let request = random.pick(corpus);
  if (random.once(8))
    request = { ...request, target: splice(random, request.target, random.pick(corpus).target) };
  // None at all now and then: what is plain must be read alike as well.
  for (let changes = random.below(4); changes > 0; changes--) request = random.pick(CHANGES)(random, request);
  return request;
}

type Change = (random: Random, request: RawRequest) => RawRequest;

const onPath =
  (change: (random: Random, path: string) => string): Change =>
  (random, request) => {
    const mark = request.target.indexOf('?');
    const path = mark < 0 ? request.target : request.target.slice(0, mark);
    return { ...request, target: change(random, path) + (mark < 0 ? '' : request.target.slice(mark)) };
  };

const insert: Change = (random, request) => {
  const at = random.below(request.target.length + 1);
  return {
    ...request,
    target: request.target.slice(0, at) + random.pick(INSERTS) + request.target.slice(at),
  };
};

const encode: Change = (random, request) => {
  const { target } = request;
  const at = random.below(target.length);
  const hex = target.charCodeAt(at).toString(16).padStart(2, '0');
  const text = random.pick([`%${hex}`, `%${hex.toUpperCase()}`, `%25${hex}`]);
  return { ...request, target: target.slice(0, at) + text + target.slice(at + 1) };
};

const changeCase: Change = (random, request) => {
  const { target } = request;
  const at = random.below(target.length);
  const letter = target[at] ?? '';
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  // Beyond latin1 it could not be written as one byte.
  return {
    ...request,
    target: target.slice(0, at) + (other > '\u00ff' ? letter : other) + target.slice(at + 1),
  };
};

const replaceSegment = onPath((random, path) => {
  const parts = path.split('/');
  parts[random.below(parts.length)] = random.pick(SEGMENTS);
  return parts.join('/');
});

/** Another name that is well-formed, so that many kinds of those are accepted. */
const replaceName = onPath((random, path) => {
  const at = path.search(/\/(?:manifests|blobs|tags|referrers)(?:\/|$)/);
  const word = (): string =>
    Array.from({ length: 1 + random.below(4) }, () => random.pick([...'az09mfvb'])).join('');
  const component = (): string =>
    Array.from({ length: 1 + random.below(3) }, word).join(random.pick(['.', '_', '__', '-', '---']));
  const known = ['manifests', 'blobs', 'uploads', 'tags', 'list', 'v2', 'blobs/uploads', 'tags/list'];
  const name = Array.from({ length: 1 + random.below(4) }, () =>
    random.once(3) ? random.pick(known) : component(),
  );
  return at < 0 ? path : `/v2/${name.join('/')}${path.slice(at)}`;
});

const addSegment = onPath((random, path) => {
  const parts = path.split('/');
  parts.splice(2 + random.below(parts.length), 0, random.pick(SEGMENTS));
  return parts.join('/');
});

const dropSegment = onPath((random, path) => {
  const parts = path.split('/');
  parts.splice(random.below(parts.length), 1);
  return parts.join('/');
});

const addParameter: Change = (random, request) => {
  const name = random.pick(PARAMETERS);
  const written = random.pick([
    name,
    name,
    name,
    name.toUpperCase(),
    `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
    `${name}[]`,
    ` ${name}`.trim(),
  ]);
  const value = random.pick([
    random.pick(DIGESTS),
    random.pick(NAMES),
    'abc=',
    '1',
    '%zz',
    'a;b',
    'application/x',
  ]);
  const joint = request.target.includes('?') ? random.pick(['&', '&', '&', ';', '&&', '?']) : '?';
  const pair = `${written}${random.pick(['=', '=', '=', '', '=='])}${value}`;
  if (random.once(3) && joint !== '?')
    return { ...request, target: request.target.replace('?', `?${pair}${joint}`) };
  return { ...request, target: `${request.target}${joint}${pair}` };
};

const changeMethod: Change = (random, request) => ({
  ...request,
  method: random.once(8) ? random.pick(ODD_METHODS) : random.pick(METHODS),
});

const addHeader: Change = (random, request) => ({
  ...request,
  headers: [...request.headers, random.pick(HEADERS)],
});

const changeBody: Change = (random, request) => ({ ...request, body: random.pick(BODIES) });

const CHANGES: readonly Change[] = [
  ...[
    insert,
    insert,
    encode,
    encode,
    changeCase,
    replaceSegment,
    replaceName,
    replaceName,
    replaceName,
    addSegment,
    addSegment,
    dropSegment,
  ],
  ...[addParameter, addParameter, addParameter, changeMethod, changeMethod, addHeader, addHeader, changeBody],
];

/** The beginning of one target and the end of another, cut at slashes. */
function splice(random: Random, first: string, second: string): string {
  const head = first.split('/');
  const tail = second.split('/');
  return [...head.slice(0, 1 + random.below(head.length)), ...tail.slice(random.below(tail.length))].join(
    '/',
  );
}
