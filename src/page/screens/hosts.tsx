/** Which host has pulled what: the inventory. */
import { hrefOf, type Place } from '../location.ts';
import { type Filter, Filters } from '../parts/filters.tsx';
import { Pages } from '../parts/pages.tsx';
import type { Column } from '../parts/table.tsx';
import { Digest, Time, User } from '../parts/values.tsx';
import { useSay } from '../words/words.ts';
import { Behind } from './behind.tsx';

interface Pull {
  readonly repository: string;
  readonly reference: string;
  readonly digest: string;
  readonly subject: string;
  readonly address: string;
  readonly host?: string;
  readonly client?: string;
  readonly first: string;
  readonly last: string;
  readonly gets: number;
}

const FILTERS: readonly Filter[] = [
  { name: 'host', word: 'filter.host' },
  { name: 'network', word: 'filter.network' },
  { name: 'repository', word: 'filter.repository' },
  { name: 'tag', word: 'filter.tag' },
  { name: 'digest', word: 'filter.digest' },
  { name: 'since', word: 'filter.since' },
  { name: 'until', word: 'filter.until' },
  { name: 'user', word: 'filter.user', rare: true },
];

const COLUMNS: readonly Column<Pull>[] = [
  { word: 'column.last', cell: ({ last }) => <Time at={last} /> },
  { word: 'column.host', cell: ({ host, address }) => host ?? address },
  { word: 'column.address', cell: ({ address }) => address, extra: true },
  { word: 'column.repository', cell: ({ repository }) => repository },
  { word: 'column.tag', cell: ({ reference }) => (reference.includes(':') ? '' : reference) },
  {
    word: 'column.digest',
    cell: ({ digest }) => <ImageLink digest={digest} />,
  },
  { word: 'column.user', cell: ({ subject }) => <User name={subject} /> },
  { word: 'column.count', cell: ({ gets }) => gets },
  { word: 'column.first', cell: ({ first }) => <Time at={first} />, extra: true },
  { word: 'column.client', cell: ({ client }) => client, extra: true },
];

export function Hosts({ place }: { readonly place: Place }) {
  const say = useSay();
  const part = place.path.split('/')[1] === 'behind' ? 'behind' : 'pulls';
  return (
    <main id="content">
      <h1>{say('nav.hosts')}</h1>
      <nav aria-label={say('nav.hosts')} class="spans">
        {(['pulls', 'behind'] as const).map((one) => (
          <a
            key={one}
            href={hrefOf(one === 'pulls' ? 'hosts' : 'hosts/behind')}
            aria-current={one === part ? 'true' : undefined}
          >
            {say(`hosts.${one}`)}
          </a>
        ))}
      </nav>
      {part === 'behind' ? <Behind place={place} /> : <Pulls place={place} />}
    </main>
  );
}

function Pulls({ place }: { readonly place: Place }) {
  const say = useSay();
  return (
    <>
      <Filters place={place} path="hosts" filters={FILTERS} />
      <Pages<Pull>
        question="pulls"
        place={place}
        name="pulls"
        caption={say('hosts.pulls')}
        columns={COLUMNS}
        keyOf={({ address, subject, repository, reference, digest }) =>
          `${address} ${subject} ${repository} ${reference} ${digest}`
        }
      />
    </>
  );
}

function ImageLink({ digest }: { readonly digest: string }) {
  const say = useSay();
  return (
    <>
      <Digest value={digest} /> <a href={hrefOf('image', { digest })}>{say('nav.image')}</a>
    </>
  );
}
