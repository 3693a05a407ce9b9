/** What happened, who did most of it, and what needs somebody's eyes. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { get } from '../api.ts';
import { hrefOf, type Place } from '../location.ts';
import { Drift, HostsBehind, Refused } from '../overview/attention.tsx';
import { LogHealth } from '../overview/log-health.tsx';
import { OverTime } from '../overview/over-time.tsx';
import { Ranking } from '../overview/ranking.tsx';
import { Soon } from '../overview/soon.tsx';
import { SPANS, type Span } from '../overview/span.ts';
import { useStatus } from '../overview/status.ts';
import { NewRecords } from '../parts/new-records.tsx';
import type { RecordPage } from '../records.ts';
import { useSay } from '../words/words.ts';

const [, WEEK] = SPANS as readonly [Span, Span];

export function Overview({ place }: { readonly place: Place }) {
  const say = useSay();
  const span = SPANS.find(({ name }) => name === place.query.get('span')) ?? WEEK;
  /** Each is another look at everything. */
  const [round, setRound] = useState(0);
  return (
    <main id="content">
      <h1>{say('nav.overview')}</h1>
      <nav aria-label={say('overview.span')} class="spans">
        {SPANS.map(({ name }) => (
          <a
            key={name}
            href={hrefOf('', { span: name })}
            aria-current={name === span.name ? 'true' : undefined}
          >
            {say(`span.${name}`)}
          </a>
        ))}
      </nav>
      <Parts key={round} span={span} onShow={() => setRound(round + 1)} />
    </main>
  );
}

function Parts({ span, onShow }: { readonly span: Span; readonly onShow: () => void }) {
  const status = useStatus();
  return (
    <>
      <div class="cards">
        <Soon status={status} />
        <Refused span={span} />
        <Drift />
        <HostsBehind />
      </div>
      <OverTime span={span} />
      <div class="cards">
        <Ranking of="pushes" by="repository" span={span} />
        <Ranking of="pushes" by="user" span={span} />
        <Ranking of="pushes" by="host" span={span} />
        <Ranking of="pulls" by="repository" span={span} />
        <Ranking of="pulls" by="host" span={span} />
        <LogHealth answer={status} />
      </div>
      <Newer onShow={onShow} />
    </>
  );
}

/** Counts from the newest record that there was when the overview was drawn. */
function Newer({ onShow }: { readonly onShow: () => void }) {
  const query = useMemo(() => new URLSearchParams(), []);
  const [from, setFrom] = useState<number>();
  useEffect(() => {
    get<RecordPage>('pushes', new URLSearchParams({ limit: '1' })).then(
      ({ watermark = 0 }) => setFrom(watermark - 1),
      () => undefined,
    );
  }, []);
  return from === undefined ? null : (
    <NewRecords question="pushes" query={query} from={from} onShow={onShow} />
  );
}
