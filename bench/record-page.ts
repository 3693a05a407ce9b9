/** Measures what each screen of the page waits for: a real Warden over the log, asked over HTTP as a browser does. */
import { startWarden } from '../test/support/warden.ts';
import { END, type World } from './record-leaves.ts';
import { screensOf } from './record-screens.ts';
import { table, text } from './report.ts';
import { basic } from './site.ts';

const POLICY = `
rules:
  - id: auditors-read
    allow: [audit]
    repositories: ["**"]
    who: { groups: [auditors] }
  - id: owners-read
    allow: [audit]
    repositories: ["team-119/**"]
    who: { groups: [owners] }
`;

/** The index is whole within this time, or the log is too long for it. */
const READY_MS = 60_000;

/**
 * @param folder of log.db and index.db. Warden writes to it: a few records of its own, and the index of them.
 * @returns a table in Markdown: the slowest request of each screen, and all of its requests at once.
 */
export async function measurePage(
  folder: string,
  world: World,
  records: number,
  rounds: number,
): Promise<string> {
  const password = 'only-on-loopback-1';
  const warden = await startWarden({
    policy: POLICY,
    users: [
      { name: 'auditor', password, groups: ['auditors'] },
      { name: 'owner', password, groups: ['owners'] },
    ],
    settings: { data: folder },
  });
  try {
    const auditor = { authorization: basic({ user: 'auditor', password }) };
    await untilIndexed(`${warden.url}/api/v1/pushes?limit=1`, auditor);
    const rows: string[][] = [];
    const screens = [
      ...screensOf(world, records, END).map((screen) => ({ ...screen, headers: auditor })),
      {
        called: 'records, for the owner of one namespace of 120',
        requests: ['pushes?limit=50'],
        headers: { authorization: basic({ user: 'owner', password }) },
      },
    ];
    for (const { called, requests, headers } of screens) {
      const together: number[] = [];
      const slowest: { readonly ms: number; readonly request: string }[] = [];
      for (let round = 0; round < rounds; round++) {
        const began = performance.now();
        const times = await Promise.all(
          requests.map(async (request) => {
            await ask(`${warden.url}/api/v1/${request}`, headers);
            return { ms: performance.now() - began, request };
          }),
        );
        together.push(Math.max(...times.map(({ ms }) => ms)));
        for (const request of requests) {
          const at = performance.now();
          await ask(`${warden.url}/api/v1/${request}`, headers);
          slowest.push({ ms: performance.now() - at, request });
        }
      }
      const [worst, ms] = worstOf(slowest, requests);
      rows.push([
        called,
        String(requests.length),
        text(median(together)),
        text(ms),
        worst.split('?')[0] ?? '',
      ]);
    }
    return table(['screen', 'requests', 'all at once, ms', 'the slowest alone, ms', 'which'], rows);
  } finally {
    await warden.stop();
  }
}

function worstOf(
  times: readonly { readonly ms: number; readonly request: string }[],
  requests: readonly string[],
): readonly [string, number] {
  const medians = requests.map(
    (request) =>
      [request, median(times.filter((one) => one.request === request).map(({ ms }) => ms))] as const,
  );
  return medians.reduce((worst, one) => (one[1] > worst[1] ? one : worst));
}

/** @throws {Error} with what was answered, where it is no answer to the question. */
async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const response = await fetch(url, { headers });
  const body = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${body.slice(0, 300)}`);
}

async function untilIndexed(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  for (const deadline = Date.now() + READY_MS; ; await new Promise((done) => setTimeout(done, 250))) {
    const { ok } = await fetch(url, { headers });
    if (ok) return;
    if (Date.now() > deadline) throw new Error(`${url} is not answered: the index is not whole`);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
