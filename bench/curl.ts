/** Bodies by curl: a client of its own process, which costs little for each byte. */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../test/support/process.ts';

/** No verification: the certificate is the bench's own, on loopback. */
const COMMON = ['--silent', '--show-error', '--insecure', '--location', '--max-time', '300'];

function headerArgs(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
}

/** The same pull by so many curls at once. @throws unless each got `bytes`. */
export async function pullAtOnce(
  url: string,
  headers: Readonly<Record<string, string>>,
  atOnce: number,
  bytes: number,
): Promise<void> {
  const args = [...COMMON, ...headerArgs(headers), '--output', '/dev/null'];
  const write = ['--write-out', '%{http_code} %{size_download}', url];
  const said = await Promise.all(Array.from({ length: atOnce }, () => must('curl', [...args, ...write])));
  const wrong = said.find((text) => text !== `200 ${bytes}`);
  if (wrong !== undefined) throw new Error(`${url}: ${wrong}, not 200 ${bytes}`);
}

/** A curl has one processor at most: more of them, or the client is what is measured. */
const CURLS = 4;

/** All these, `atOnce` of them at a time, in equal parts by some curls. @throws unless each is answered with 200. */
export async function pullByMany(
  urls: readonly string[],
  headers: Readonly<Record<string, string>>,
  atOnce: number,
): Promise<void> {
  const part = Math.ceil(urls.length / CURLS);
  const parts = Array.from({ length: CURLS }, (_, nth) => urls.slice(nth * part, (nth + 1) * part));
  await Promise.all(
    parts
      .filter(({ length }) => length > 0)
      .map((some) => pullMany(some, headers, Math.ceil(atOnce / CURLS))),
  );
}

async function pullMany(
  urls: readonly string[],
  headers: Readonly<Record<string, string>>,
  atOnce: number,
): Promise<void> {
  const file = join(tmpdir(), `warden-bench-${randomBytes(6).toString('hex')}`);
  writeFileSync(file, urls.map((url) => `url = "${url}"\noutput = "/dev/null"\n`).join(''), { mode: 0o600 });
  try {
    const parallel = ['--parallel', '--parallel-immediate', '--parallel-max', String(atOnce)];
    const args = [
      ...COMMON,
      ...headerArgs(headers),
      ...parallel,
      '--write-out',
      '%{http_code}\n',
      '--config',
      file,
    ];
    const codes = (await must('curl', args)).trim().split('\n');
    if (codes.length !== urls.length || codes.some((code) => code !== '200')) {
      throw new Error(`of ${urls.length} pulls came ${codes.length}: ${[...new Set(codes)].join(', ')}`);
    }
  } finally {
    rmSync(file);
  }
}

/** POST, then PUT of the whole file. @throws unless the registry stored it. */
export async function upload(
  base: string,
  repository: string,
  file: string,
  digest: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const start = await must('curl', [
    ...[...COMMON, ...headerArgs(headers), '--request', 'POST', '--data', '', '--header', 'Content-Type:'],
    ...[
      '--output',
      '/dev/null',
      '--write-out',
      '%header{location}',
      `${base}/v2/${repository}/blobs/uploads/`,
    ],
  ]);
  const location = new URL(start, base);
  location.searchParams.set('digest', digest);
  const code = await must('curl', [
    ...[...COMMON, ...headerArgs(headers), '--header', 'Content-Type: application/octet-stream'],
    ...['--output', '/dev/null', '--write-out', '%{http_code}', '--upload-file', file, String(location)],
  ]);
  if (code !== '201') throw new Error(`an upload to ${base} was answered with ${code}`);
}

/** The body of an answer. @throws unless its status is 200. */
export async function fetchText(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  return must('curl', [...COMMON, '--fail', ...headerArgs(headers), url]);
}
