/** What of the record a browser asks the server for, for each screen of the page, as `src/page` does. Of policy it asks besides. */
import type { World } from './record-leaves.ts';

export interface Screen {
  readonly called: string;
  /** Below /api/v1/, with the query. All of a screen are asked at once. */
  readonly requests: readonly string[];
}

const DAY = 86_400_000;

/** @param end milliseconds since 1970: the last record's time, since which everything is counted. */
export function screensOf({ sample }: World, records: number, end: number): readonly Screen[] {
  const half = Math.floor(records / 2);
  const { hotRepository: repository, hotBase, user, host } = sample;
  const ask = (name: string, query: Readonly<Record<string, string>> = {}): string =>
    `${name}?${new URLSearchParams(query)}`;
  const before = (days: number): string => new Date(end - days * DAY).toISOString().replace(/\.\d+/, '');
  const digest = sample.digest(half);

  function overview(called: string, days: number, per: 'hour' | 'day'): Screen {
    const since = before(days);
    return {
      called,
      requests: [
        ask('activity', { since, per, limit: '1000' }),
        ask('pull-activity', { since, per, limit: '1000' }),
        ...['repository', 'user', 'host'].flatMap((by) => [
          ask('activity', { by, since, limit: '8' }),
          ask('pull-activity', { by, since, limit: '8' }),
        ]),
        ask('refusals', { since, limit: '8' }),
        ask('drift', { limit: '8' }),
        ask('behind', { since: before(30), limit: '8' }),
        ask('pushes', { limit: '1' }),
        ...['status', 'robots', 'grants'].map((name) => ask(name)),
      ],
    };
  }

  return [
    overview('overview of a day', 1, 'hour'),
    overview('overview of a week', 7, 'hour'),
    overview('overview of a month', 30, 'day'),
    overview('overview of a year', 365, 'day'),
    { called: 'records', requests: [ask('pushes')] },
    {
      called: 'records of a user in a namespace',
      requests: [ask('pushes', { user, repository: 'team-7/**' })],
    },
    {
      called: 'records of a host, refused, a year',
      requests: [ask('pushes', { host, result: 'refused', since: before(365) })],
    },
    { called: 'records, a deep page', requests: [ask('pushes', { user, cursor: `${half}.${records}` })] },
    { called: 'records with a text', requests: [ask('pushes', { text: 'team-8@corp.example' })] },
    { called: 'records with a label', requests: [ask('pushes', { label: 'corp.example.exception=yes' })] },
    { called: 'records, counted', requests: [ask('count', { repository: 'team-7/**' })] },
    { called: 'records of a user, counted', requests: [ask('count', { user })] },
    {
      called: 'one record',
      requests: [
        ask('record', { index: String(half) }),
        ask('layers', { index: String(half) }),
        ask('image', { digest }),
        ask('pulls', { digest }),
        ask('pushes', { refers: digest, result: 'accepted' }),
        ask('tag', { repository, tag: 'latest', limit: '20' }),
      ],
    },
    {
      called: 'an image',
      requests: [
        ask('image', { digest }),
        ask('image', { digest, limit: '1' }),
        ask('built-on', { base: digest }),
      ],
    },
    {
      called: 'a base image',
      requests: [ask('image', { digest: hotBase }), ask('built-on', { base: hotBase })],
    },
    { called: 'a tag in time', requests: [ask('tag', { repository, tag: 'latest', at: before(400) })] },
    { called: 'hosts', requests: [ask('pulls')] },
    {
      called: 'policy',
      requests: [ask('pushes', { type: 'policy.changed' })],
    },
    { called: 'access', requests: [ask('sessions'), ask('robots')] },
  ];
}
