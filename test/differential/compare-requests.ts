/** The same request read by Warden and by a registry, many times over. */
import { type RawRequest, readCorpus } from './corpus.ts';
import { type Judged, judge as judgeByWarden } from './judged.ts';
import { mutateRequest } from './mutate.ts';
import { accessOf, type Oracle, type Understood } from './oracle.ts';
import { createRandom } from './random.ts';

export interface Comparison {
  /** Requests that both have read. */
  readonly cases: number;
  /** Of those, how many Warden would send on. */
  readonly accepted: number;
  /** Of those that it would not, how many the registry would have acted on. */
  readonly refusedAlone: number;
  /** What the registry would understand otherwise. Must be empty. */
  readonly disagreements: readonly Disagreement[];
}

export interface Disagreement {
  /** `raw`: as the client wrote it. `sent`: as Warden writes it. */
  readonly form: 'raw' | 'sent';
  readonly written: RawRequest;
  readonly judged: Omit<Judged, 'sent'>;
  readonly understood: Understood;
}

const BATCH = 2_000;
/** More would say nothing new, and hide the first. */
const SHOWN = 10;

/** Begins with the corpus as it is, and goes on with mutations of it. The same seed and number give the same requests. */
export async function compareRequests(
  oracle: Oracle,
  seed: number,
  cases: number,
  judge: (raw: RawRequest) => Judged | undefined = judgeByWarden,
): Promise<Comparison> {
  const random = createRandom(seed);
  const corpus = readCorpus();
  const disagreements: Disagreement[] = [];
  const known = new Map<string, Understood>();
  let accepted = 0;
  let refusedAlone = 0;

  /** What was asked once is not asked again: many requests come to the same. */
  async function understand(requests: readonly RawRequest[]): Promise<readonly Understood[]> {
    const fresh = new Map(requests.map((request) => [JSON.stringify(request), request]));
    for (const key of known.keys()) fresh.delete(key);
    const read = await oracle.understand([...fresh.values()]);
    for (const [at, key] of [...fresh.keys()].entries()) known.set(key, read[at] as Understood);
    return requests.map((request) => known.get(JSON.stringify(request)) as Understood);
  }

  for (let done = 0; done < cases && disagreements.length < SHOWN; done += BATCH) {
    const requests = Array.from({ length: Math.min(BATCH, cases - done) }, (_, at) => {
      return corpus[done + at] ?? mutateRequest(random, corpus);
    });
    const judgements = requests.map(judge);
    const alone = requests.filter((_, at) => judgements[at] === undefined);
    refusedAlone += (await oracle.challenge(alone)).filter((answer) => accessOf(answer)?.length).length;
    const pairs = judgements.flatMap((judged, at) =>
      judged ? [{ judged, raw: requests[at] as RawRequest }] : [],
    );
    accepted += pairs.length;
    for (const form of ['raw', 'sent'] as const) {
      const written = pairs.map(({ judged, raw }) => (form === 'raw' ? raw : judged.sent));
      for (const [at, understood] of (await understand(written)).entries()) {
        const { judged } = pairs[at] as (typeof pairs)[number];
        if (agrees(judged, understood, form, written[at] as RawRequest)) continue;
        const { sent: _, ...rest } = judged;
        disagreements.push({ form, written: written[at] as RawRequest, judged: rest, understood });
      }
    }
  }
  return { cases, accepted, refusedAlone, disagreements: disagreements.slice(0, SHOWN) };
}

function agrees(
  judged: Judged,
  understood: Understood,
  form: Disagreement['form'],
  written: RawRequest,
): boolean {
  if (judged.name !== understood.name || judged.reference !== understood.reference) return false;
  const wanted = judged.access ?? [];
  const extra = (understood.access ?? []).filter((part) => !wanted.includes(part));
  const same = wanted.every((part) => understood.access?.includes(part)) && extra.length === 0;
  if (same) return (judged.access === undefined) === (understood.access === undefined);
  // The registry asks for the right to read `from` wherever it is named. Where it means nothing, Warden drops it.
  const mounts = judged.request.route === 'upload-start' && judged.request.mount !== undefined;
  return (
    form === 'raw' &&
    !mounts &&
    wanted.every((part) => understood.access?.includes(part)) &&
    namesFrom(written)
  );
}

function namesFrom({ target, body }: RawRequest): boolean {
  const plain = `${target} ${body}`.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return /[?&" ]from\b/.test(plain);
}
