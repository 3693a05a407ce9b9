/** From which images this one comes, drawn: each box stands on those that it was built on. */
import { hrefOf } from '../location.ts';
import type { RecordItem } from '../records.ts';
import { useSay } from '../words/words.ts';

const WIDTH = 360;
const BOX = 44;
const GAP = 26;

export function Lineage({ record }: { readonly record: RecordItem }) {
  const say = useSay();
  const { subject, tag } = record;
  // Layers that were taken over from another repository are no sign that the image stands on one there.
  const base = (record.base ?? []).filter(({ by }) => by !== 'mount');
  const boxes = [
    {
      name: `${subject?.repo ?? ''}${tag ? `:${tag.name}` : ''}`,
      digest: subject?.digest,
      evidence: 'observed',
    },
    ...base,
  ];
  if (base.length === 0) return null;
  const height = boxes.length * BOX + (boxes.length - 1) * GAP + 2;
  return (
    <figure class="lineage">
      <figcaption class="hidden">{say('record.lineage')}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${height}`} width={WIDTH} role="group" aria-label={say('record.lineage')}>
        {boxes.map(({ name, digest, evidence }, at) => {
          const top = at * (BOX + GAP) + 1;
          const text = name || digest?.slice(0, 19) || '?';
          return (
            <a
              key={`${text} ${digest ?? at}`}
              href={digest ? hrefOf('image', { digest }) : hrefOf('records', { repository: name ?? '' })}
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
                {cut(text)}
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
