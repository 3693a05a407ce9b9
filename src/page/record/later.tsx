/** What became of an image: later records of its digest, what refers to it, and who pulled it. */
import { useMemo } from 'preact/hooks';
import { hrefOf } from '../location.ts';
import { Happened } from '../parts/happened.tsx';
import { Shown } from '../parts/states.tsx';
import { Unshown } from '../parts/unshown.tsx';
import { Time, User } from '../parts/values.tsx';
import type { RecordItem } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';

const SHOWN = '20';

interface Named {
  readonly items: readonly (RecordItem & { readonly as?: string })[];
  readonly next?: string;
}
interface Pulls {
  readonly items: readonly {
    readonly repository: string;
    readonly reference: string;
    readonly subject: string;
    readonly host?: string;
    readonly address: string;
    readonly last: string;
    readonly gets: number;
  }[];
  readonly next?: string;
}

/** Retags, deletions, signatures: every record about the digest that came after this one. */
export function Later({ digest, index }: { readonly digest: string; readonly index: number }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ digest, limit: SHOWN }), [digest]);
  const answer = useAnswer<Named>('image', query);
  return (
    <Shown answer={answer}>
      {({ items, next }) => {
        const later = items.filter((one) => one.index > index);
        return later.length === 0 && !(items.length === 0 && next) ? (
          <p>{say('overview.none')}</p>
        ) : (
          <>
            <ul class="events">
              {later.map((record) => (
                <li key={`${record.index} ${record.as}`}>
                  <a href={hrefOf(`record/${record.index}`)}>
                    <Time at={record.time} />
                  </a>{' '}
                  <Happened record={record} /> {record.subject?.repo}
                  {record.tag && `:${record.tag.name}`} <User name={record.actor?.sub} />{' '}
                  {record.as && record.as !== 'manifest' && (
                    <span class="evidence">{say(`as.${asOf(record.as)}`)}</span>
                  )}
                </li>
              ))}
            </ul>
            <Unshown of={next === undefined ? {} : { next }} href={hrefOf('image', { digest })} />
          </>
        );
      }}
    </Shown>
  );
}

const ROLES = ['manifest', 'config', 'child', 'of'] as const;

/** What the digest is to a record. */
export function asOf(text: string): (typeof ROLES)[number] {
  return ROLES.find((one) => one === text) ?? 'manifest';
}

export function Pulled({ digest }: { readonly digest: string }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ digest, limit: SHOWN }), [digest]);
  const answer = useAnswer<Pulls>('pulls', query);
  return (
    <Shown answer={answer}>
      {({ items, next }) =>
        items.length === 0 && next === undefined ? (
          <p>{say('pulls.none')}</p>
        ) : (
          <>
            <ul class="events">
              {items.map(({ repository, reference, subject, host, address, last, gets }) => (
                <li key={`${repository} ${reference} ${subject} ${host ?? address}`}>
                  <a href={hrefOf('hosts', host === undefined ? { network: address } : { host })}>
                    {host ?? address}
                  </a>{' '}
                  <Time at={last} /> <User name={subject} /> {say('pulls.times', { count: gets })}
                </li>
              ))}
            </ul>
            <Unshown of={next === undefined ? {} : { next }} href={hrefOf('hosts', { digest })} />
          </>
        )
      }
    </Shown>
  );
}
