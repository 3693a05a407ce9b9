/** Which hosts still have what a tag showed before it moved. */
import { hrefOf, type Place } from '../location.ts';
import { type Filter, Filters } from '../parts/filters.tsx';
import { Pages } from '../parts/pages.tsx';
import type { Column } from '../parts/table.tsx';
import { Digest, Time } from '../parts/values.tsx';
import { useSay } from '../words/words.ts';

interface BehindItem {
  readonly repository: string;
  readonly tag: string;
  readonly host?: string;
  readonly address: string;
  readonly digest: string;
  readonly last: string;
  readonly present: string;
  readonly moved: string;
  readonly index: number;
}

const FILTERS: readonly Filter[] = [
  { name: 'host', word: 'filter.host' },
  { name: 'repository', word: 'filter.repository', example: 'team/**' },
  { name: 'tag', word: 'filter.tag' },
  { name: 'since', word: 'filter.movedSince', usual: ['24h', '7d', '30d', '365d'] },
];

const COLUMNS: readonly Column<BehindItem>[] = [
  { word: 'column.host', cell: ({ host, address }) => host ?? address },
  { word: 'column.repository', cell: ({ repository }) => repository },
  { word: 'column.tag', cell: ({ tag }) => tag },
  { word: 'column.has', cell: ({ digest }) => <Digest value={digest} /> },
  { word: 'column.present', cell: ({ present }) => <Digest value={present} /> },
  { word: 'column.moved', cell: ({ moved }) => <Time at={moved} /> },
  { word: 'column.last', cell: ({ last }) => <Time at={last} /> },
  { word: 'column.address', cell: ({ address }) => address, extra: true },
];

export function Behind({ place }: { readonly place: Place }) {
  const say = useSay();
  return (
    <>
      <Filters place={place} path="hosts/behind" filters={FILTERS} />
      <p class="hint">{say('behind.hint')}</p>
      <Pages<BehindItem>
        question="behind"
        place={place}
        name="behind"
        caption={say('hosts.behind')}
        columns={COLUMNS}
        keyOf={({ index, host, address }) => `${index} ${host ?? address}`}
        leads={{
          word: 'column.index',
          to: ({ index }) => ({ href: hrefOf(`record/${index}`), text: String(index) }),
        }}
        none={say('overview.none')}
      />
    </>
  );
}
