/** The questions that are measured, each with filters that are hard for it. */
import type { World } from './record-leaves.ts';

export interface Asked {
  readonly called: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The asker may read repositories that begin so, and no others. */
  readonly only?: string;
}

/** @param records how many there are. */
export function questionsAsked({ sample }: World, records: number): readonly Asked[] {
  const half = Math.floor(records / 2);
  const ask = (called: string, name: string, parameters: Asked['parameters'], only?: string): Asked => ({
    ...{ called, name, parameters },
    ...(only !== undefined && { only }),
  });
  const { hotRepository, hotBase, rareBase, user, host, layer } = sample;
  return [
    ask('newest records', 'pushes', {}),
    ask('one repository', 'pushes', { repository: hotRepository }),
    ask('a namespace', 'pushes', { repository: 'team-7/**' }),
    ask('a pattern that begins with **', 'pushes', { repository: '**/app-2999' }),
    ask('user', 'pushes', { user }),
    ask('host', 'pushes', { host }),
    ask('network', 'pushes', { network: '10.1.3.0/24' }),
    ask('tag in all repositories', 'pushes', { tag: 'latest' }),
    ask('tag by pattern', 'pushes', { tag: '1.77*' }),
    ask('digest', 'pushes', { digest: sample.digest(half) }),
    ask('digest, its beginning', 'pushes', { digest: sample.digest(half).slice(0, 20) }),
    ask('layer of many images', 'pushes', { layer }),
    ask('commit', 'pushes', { commit: sample.commit(half).slice(0, 12) }),
    ask('job', 'pushes', { job: `${hotRepository}/main` }),
    ask('user, namespace and a month', 'pushes', {
      ...{ user, repository: 'team-7/**', since: '2025-03-01', until: '2025-03-31' },
    }),
    ask('two dense filters that never meet', 'pushes', { user: 'janitor', host: 'jenkins-0' }),
    ask('rule that refused', 'pushes', { result: 'refused' }),
    ask('refused in one repository', 'pushes', { result: 'refused', repository: hotRepository }),
    ask('deep page', 'pushes', { user, cursor: `${half}.${records}` }),
    ask('asker of one namespace', 'pushes', {}, 'team-119/'),
    ask('outside of office hours', 'pushes', {
      outside: 'Mon-Fri 07:00-19:00 Europe/Berlin',
      result: 'accepted',
    }),
    ask('without a label', 'pushes', { without: 'label:no.such', repository: hotRepository }),
    ask('unsigned after a day', 'pushes', { unsigned: '24h' }),
    ask('count of a repository', 'count', { repository: 'team-8/app-8' }),
    ask('one record', 'record', { index: String(half) }),
    ask('layers of one record', 'layers', { index: String(half) }),
    ask('built on the hottest base, refused', 'pushes', { base: hotBase, type: 'push.refused' }),
    ask('image by digest', 'image', { digest: sample.digest(half) }),
    ask('history of a busy tag', 'tag', { repository: hotRepository, tag: 'latest' }),
    ask('a tag at a time', 'tag', { repository: hotRepository, tag: 'latest', at: '2025-03-01T00:00:00Z' }),
    ask('built on the hottest base', 'built-on', { base: hotBase }),
    ask('built on a rare base', 'built-on', { base: rareBase }),
    ask('built on it directly', 'built-on', { base: hotBase, direct: 'yes' }),
    ask('repositories on the hottest base', 'base-repositories', { base: hotBase }),
    ask('who pulls it', 'base-pulls', { base: hotBase }),
    ask('who is behind', 'behind', { since: '2025-03-01' }),
    ask('refusals added up, a month', 'refusals', { since: '2025-03-01', until: '2025-03-31' }),
    ask('tags of several users', 'shared-tags', {}),
    ask('activity a day, a year', 'activity', { since: '2025-01-01', until: '2025-12-31', limit: '366' }),
    ask('activity an hour of a repository', 'activity', {
      ...{ per: 'hour', repository: hotRepository, since: '2025-03-01', until: '2025-03-14', limit: '336' },
    }),
    ask('most active users, a month', 'activity', { by: 'user', since: '2025-03-01', until: '2025-03-31' }),
    ask('most active repositories, a month', 'activity', {
      ...{ by: 'repository', since: '2025-03-01', until: '2025-03-31' },
    }),
    ask('hosts not seen', 'seen', { kind: 'host', unused: '30d' }),
    ask('repositories not seen', 'seen', { kind: 'repository', unused: '30d' }),
    ask('changes', 'changes', {}),
    ask('drift', 'drift', {}),
  ];
}
