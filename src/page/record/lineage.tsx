/** From which images this one comes, drawn: each box stands on the one that it was built on. */
import { get } from '../api.ts';
import { hrefOf } from '../location.ts';
import { Shown } from '../parts/states.tsx';
import { type Base, bestBase, type RecordItem } from '../records.ts';
import { useAsked } from '../use-answer.ts';
import { useSay } from '../words/words.ts';

const WIDTH = 360;
const BOX = 44;
const GAP = 26;
/** Further down is a question of its own. */
const STEPS = 8;

interface Box {
  readonly name: string;
  readonly digest: string | undefined;
  /** How it is known that what stands above was built on it. */
  readonly evidence: string | undefined;
}

export function Lineage({ record }: { readonly record: RecordItem }) {
  const say = useSay();
  const { subject, tag } = record;
  const first = bestBase(record);
  const chain = useAsked(first && `${record.index}`, (signal) => basesOf(record, signal));
  if (first === undefined) return null;
  const top: Box = {
    name: `${subject?.repo ?? ''}${tag ? `:${tag.name}` : ''}`,
    digest: subject?.digest,
    evidence: undefined,
  };
  const others = (record.base ?? []).filter((one) => one !== first && one.by !== 'mount');
  return (
    <section>
      <h2>{say('record.lineage')}</h2>
      <Shown answer={chain}>{(bases) => <Drawn boxes={[top, ...bases]} />}</Shown>
      {others.length > 0 && (
        <>
          <p>{say('lineage.others')}</p>
          <ul>
            {others.map(({ name, digest, by, of, evidence }, at) => (
              // Two ways of knowing can give the same name.
              <li key={at}>
                <a href={digest ? hrefOf('image', { digest }) : hrefOf('records', { text: name })}>
                  {name ?? digest}
                </a>{' '}
                <span class="evidence">{`${by}, ${evidence}`}</span> {of && <code>{of}</code>}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** Each base, and the base of the push that brought it here first, as far down as the record has them. */
async function basesOf(record: RecordItem, signal: AbortSignal): Promise<readonly Box[]> {
  const boxes: Box[] = [];
  const seen = new Set<string>();
  let base: Base | undefined = bestBase(record);
  while (base !== undefined && boxes.length < STEPS) {
    const { digest, evidence, name = digest?.slice(0, 19) ?? '?' } = base;
    boxes.push({ name, digest, evidence });
    if (digest === undefined || seen.has(digest)) break;
    seen.add(digest);
    const asked = new URLSearchParams({ digest, limit: '1' });
    const { first } = await get<{ readonly first?: RecordItem }>('image', asked, signal);
    base = first && bestBase(first);
  }
  return boxes;
}

function Drawn({ boxes }: { readonly boxes: readonly Box[] }) {
  const say = useSay();
  const height = boxes.length * BOX + (boxes.length - 1) * GAP + 2;
  return (
    <figure class="lineage">
      <svg viewBox={`0 0 ${WIDTH} ${height}`} width={WIDTH} role="group" aria-label={say('record.lineage')}>
        {boxes.map(({ name, digest, evidence }, at) => {
          const top = at * (BOX + GAP) + 1;
          return (
            <a
              key={`${at} ${digest}`}
              href={digest ? hrefOf('image', { digest }) : hrefOf('records', { text: name })}
            >
              {at > 0 && (
                <path
                  class="stem"
                  d={`M${WIDTH / 2} ${top - GAP}v${GAP}`}
                  stroke-dasharray={evidence === 'claimed' ? '4 4' : undefined}
                />
              )}
              <rect x="1" y={top} width={WIDTH - 2} height={BOX - 2} rx="5" />
              <text x={WIDTH / 2} y={top + 18} text-anchor="middle">
                {cut(name)}
              </text>
              <text class="faint" x={WIDTH / 2} y={top + 34} text-anchor="middle">
                {digest?.slice(0, 19)}{' '}
                {at > 0 && say(evidence === 'claimed' ? 'evidence.claimed' : 'evidence.observed')}
              </text>
            </a>
          );
        })}
      </svg>
    </figure>
  );
}

/** What fits into a box. */
function cut(text: string): string {
  return text.length > 46 ? `…${text.slice(-45)}` : text;
}
