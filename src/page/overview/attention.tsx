/** What needs somebody's eyes, each with a link to where one looks further. */
import { useMemo } from 'preact/hooks';
import { hrefOf } from '../location.ts';
import { Happened } from '../parts/happened.tsx';
import { Shown } from '../parts/states.tsx';
import { Digest, Time } from '../parts/values.tsx';
import type { RecordItem, RecordPage } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { beginning, type Span, second, UNITS } from './span.ts';

const SHOWN = '8';
/** Milliseconds: tags that moved before are no news. */
const MOVED_MS = 30 * UNITS.day;

interface Refusals {
  readonly items: readonly {
    readonly events: number;
    readonly type: string;
    readonly repository?: string;
    readonly user?: string;
    readonly address?: string;
    readonly rule?: string;
    readonly reason?: string;
    readonly index: number;
  }[];
  readonly more?: true;
  /** Those before were too many to be added up. */
  readonly from?: string;
}

/** Refusals and failed logins, added up. */
export function Refused({ span }: { readonly span: Span }) {
  const say = useSay();
  const query = useMemo(
    () => new URLSearchParams({ since: beginning(span, Date.now()), limit: SHOWN }),
    [span],
  );
  const answer = useAnswer<Refusals>('refusals', query);
  return (
    <section class="card">
      <h2>{say('overview.refused')}</h2>
      <Shown answer={answer} quiet>
        {({ items, more, from }) =>
          items.length === 0 ? (
            <p>{say('overview.none')}</p>
          ) : (
            <>
              <ol class="ranking">
                {items.map(({ events, repository, user, address, rule, reason, index }) => (
                  <li key={index}>
                    <a href={hrefOf(`record/${index}`)}>
                      {[user, address, repository].filter(Boolean).join(' · ') || reason}
                    </a>{' '}
                    <span class="hint">{rule || reason}</span> <span>{events}</span>
                  </li>
                ))}
              </ol>
              {from ? (
                <p class="hint">
                  {say('overview.addedUpFrom')} <Time at={from} />
                </p>
              ) : (
                more && <p class="hint">{say('list.others')}</p>
              )}
            </>
          )
        }
      </Shown>
    </section>
  );
}

/** Images that came round Warden, records whose image is gone, and when that was last looked at as a whole. */
export function Drift() {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ limit: SHOWN }), []);
  const lately = useMemo(() => new URLSearchParams({ type: 'log.reconciled', limit: '1' }), []);
  const answer = useAnswer<RecordPage>('drift', query);
  const compared = useAnswer<RecordPage>('pushes', lately);
  return (
    <section class="card">
      <h2>{say('overview.drift')}</h2>
      <Shown answer={answer} quiet>
        {({ items, ...page }) =>
          items.length === 0 && page.next === undefined ? (
            <p>{say('overview.none')}</p>
          ) : (
            <>
              <ol class="ranking">
                {items.map((record) => (
                  <li key={record.index}>
                    <a href={hrefOf(`record/${record.index}`)}>
                      {record.subject?.repo}
                      {record.tag && `:${record.tag.name}`}
                    </a>{' '}
                    <Happened record={record} /> <Time at={record.time} />
                  </li>
                ))}
              </ol>
              {page.next !== undefined && <p class="hint">{say('overview.driftRest')}</p>}
            </>
          )
        }
      </Shown>
      <Shown answer={compared} quiet>
        {({ items: [last] }) => (
          <p class="hint">{last ? <Compared record={last} /> : say('overview.never')}</p>
        )}
      </Shown>
    </section>
  );
}

function Compared({ record }: { readonly record: RecordItem }) {
  const say = useSay();
  const { drifted = 0, found = 0, missing = 0 } = record.reconciled ?? {};
  return (
    <>
      <a href={hrefOf(`record/${record.index}`)}>
        {say('overview.compared', { count: drifted + found + missing })}
      </a>{' '}
      <Time at={record.time} />
    </>
  );
}

interface Behind {
  readonly items: readonly {
    readonly repository: string;
    readonly tag: string;
    readonly host?: string;
    readonly address: string;
    readonly digest: string;
    readonly moved: string;
    readonly index: number;
  }[];
  readonly next?: string;
}

/** Hosts that have not come back since a tag moved. */
export function HostsBehind() {
  const say = useSay();
  const query = useMemo(
    () => new URLSearchParams({ limit: SHOWN, since: second(Date.now() - MOVED_MS) }),
    [],
  );
  const answer = useAnswer<Behind>('behind', query);
  return (
    <section class="card">
      <h2>{say('overview.behind')}</h2>
      <Shown answer={answer} quiet>
        {({ items, next }) =>
          items.length === 0 && next === undefined ? (
            <p>{say('overview.none')}</p>
          ) : (
            <>
              <ol class="ranking">
                {items
                  .slice(0, Number(SHOWN))
                  .map(({ repository, tag, host, address, digest, moved, index }) => (
                    <li key={`${index} ${host ?? address}`}>
                      <a href={hrefOf('hosts', host === undefined ? { network: address } : { host })}>
                        {host ?? address}
                      </a>{' '}
                      <a href={hrefOf(`record/${index}`)}>{`${repository}:${tag}`}</a>{' '}
                      <span class="hint">
                        {say('overview.has')} <Digest value={digest} /> {say('overview.moved')}{' '}
                        <Time at={moved} />
                      </span>
                    </li>
                  ))}
              </ol>
              <p>
                <a href={hrefOf('hosts/behind')}>{say('overview.all')}</a>
              </p>
            </>
          )
        }
      </Shown>
    </section>
  );
}
