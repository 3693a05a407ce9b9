/** Rules that were imported answer as docker_auth did, for all that the report does not name; how many cases, each test says. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseUsers } from '../../src/identity/users-file.ts';
import { importDockerAuth } from '../../src/import/docker-auth.ts';
import { decide } from '../../src/policy/decide.ts';
import type { Action, Subject } from '../../src/policy/facts.ts';
import { ANONYMOUS, UNKNOWN } from '../../src/policy/facts.ts';
import {
  entryFits,
  firstFitting,
  grantedBy,
  type ModelConfig,
  type ModelEntry,
  type ModelUser,
} from './docker-auth-model.ts';

const HASH = '$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC';

/** One of a list. Texts have %{…} for placeholders, which would look like a template gone wrong. */
const from = <T>(...list: readonly T[]): fc.Arbitrary<T> =>
  fc
    .constantFrom(...list)
    .map((one) => (typeof one === 'string' ? (one.replaceAll('%{', `$\{`) as typeof one) : one));

/** Undefined in the other cases of a hundred. */
function sometimes<T>(percent: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: percent, arbitrary },
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
  );
}

const labels = fc.record(
  {
    group: fc.uniqueArray(from('web', 'dev', 'x.y', 'VIP', 'team/*', 'web/app', 'a*'), { maxLength: 2 }),
    project: fc.uniqueArray(from('app', 'web', '?'), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const user: fc.Arbitrary<ModelUser> = fc.record(
  { password: fc.constant(HASH), labels },
  { requiredKeys: ['password'] },
);
const users: fc.Arbitrary<Record<string, ModelUser>> = fc
  .tuple(
    fc.dictionary(from('ann', 'bob', 'ci-1', 'ci-2', 'web', 'x.y', 'j@corp', 'catalog'), user, {
      maxKeys: 5,
    }),
    fc.option(fc.record({ labels }, { requiredKeys: [] }), { nil: undefined }),
  )
  .map(([named, anonymous]) => (anonymous ? { ...named, '': anonymous } : named));

const account = from(
  ...[
    'ann',
    'bob',
    'ci-1',
    '',
    '*',
    '?*',
    'ci-*',
    'c?-1',
    'Ann',
    '/.+/',
    '/./',
    '/.*/',
    '/^ci-/',
    '/^ci-.*$/',
    '/ci/',
    '/^(ann|bob)$/',
  ],
  ...[
    '/^(.+)@corp$/',
    '/^ci-([0-9])$/',
    '/^.$/',
    '%{account}',
    '/(?i)ann/',
    '/^.../',
    '[a-c]*',
    '%{labels:group}',
    '/ann|bob/',
    '/^ann|1$/',
    '/-1$/',
    '[',
    'x.y',
  ],
);
const pieces = from(
  'web',
  'app',
  'team',
  'foo',
  'a',
  'x.y',
  '*',
  't*',
  '*p',
  '?',
  '[af]oo',
  '[^a]pp',
  '%{account}',
  '%{labels:group}',
  '%{labels:project}',
  'f\\oo',
  '%{account:1}',
);
const expressions = from(
  'web',
  'team',
  'foo',
  '.*',
  '.+',
  '[^/]*',
  '[^/]+',
  '[a-z]+',
  '(a|app)',
  'x\\.y',
  'x.y',
  'fo?o',
  '%{account}',
  '%{labels:group}',
  '[0-9]',
  '\\w+',
  '%{account:1}',
);
const globName = fc.array(pieces, { minLength: 1, maxLength: 3 }).map((list) => list.join('/'));
const joined = fc
  .array(fc.tuple(expressions, from('/', '', '\\/', '-')), { minLength: 1, maxLength: 3 })
  .map((list) =>
    list.map(([text, glue], index) => (index === list.length - 1 ? text : text + glue)).join(''),
  );
const expressionName = fc
  .tuple(from('^', '^', '', '^team\\/'), joined, from('$', '$', '', '\\/'))
  .map((parts) => `/${parts.join('')}/`);
const name = fc.oneof(
  globName,
  globName,
  expressionName,
  from('catalog', '*', '', '%{name}', '/\\bfoo/', 'cat*', '/./'),
);
const labelPattern = from(
  'web',
  'dev',
  '*',
  '/^(web|dev)$/',
  '/web|dev/',
  '/e/',
  'VIP',
  '%{account}',
  '?',
  'team/*',
  '/^.+$/',
);

const match = fc.oneof(
  {
    weight: 14,
    arbitrary: fc
      .record({
        account: sometimes(60, fc.oneof(account, from('ann', 'bob', '', '/.+/', 'ci-*'))),
        name: sometimes(60, name),
        ip: sometimes(15, from('10.0.0.0/8', '10.1.2.3', '10.1.2.3/24', '192.168.0.0/16', '0.0.0.0/0')),
        type: sometimes(10, from('repository', 'registry', 'r*', '/repo/', '/^(registry|repository)$/')),
        service: sometimes(10, from('reg', '*', 'other')),
        labels: sometimes(
          15,
          fc.dictionary(from('group', 'project'), labelPattern, { minKeys: 1, maxKeys: 2 }),
        ),
      })
      .map((keys) => Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined))),
  },
  {
    weight: 1,
    arbitrary: from({ team: 'infra' }, { 'account:"ann"': null }, { account: null, name: 'foo' }),
  },
);
const entry: fc.Arbitrary<ModelEntry> = fc.record(
  {
    match: match as fc.Arbitrary<ModelEntry['match']>,
    actions: from<readonly string[]>(
      ['*'],
      ['pull'],
      ['pull', 'push'],
      [],
      ['push'],
      ['delete'],
      ['*', 'pull'],
      ['read'],
    ),
  },
  { requiredKeys: ['match', 'actions'] },
);
const config: fc.Arbitrary<ModelConfig> = fc.record({
  users,
  acl: fc.array(entry, { minLength: 1, maxLength: 6 }),
});

const NAMES = [
  ...[
    'web',
    'app',
    'foo',
    'xfoo',
    'foobar',
    'team',
    'team/foo',
    'team/foo/app',
    'web/app',
    'web/app/foo',
    'ann',
    'ann/foo',
    'bob/a/b',
  ],
  ...[
    'x.y/app',
    'xay/app',
    'x-y',
    'ci-1/foo',
    '1/foo',
    'j/app',
    'catalog',
    'a',
    'app/a/foo',
    'team/x.y',
    'dev',
    'dev-app',
    'fo0/web',
  ],
];
/** Whom the file does not name; they come later, or from a directory. */
const NEWCOMERS = ['ci-9', 'zoe'];
const ADDRESSES = ['10.1.2.3', '10.9.9.9', '192.168.1.1'];

interface Asked {
  readonly type: string;
  readonly name: string;
  readonly word: string;
  readonly actions: readonly Action[];
}

const ASKED: readonly Asked[] = [
  ...NAMES.flatMap((repository): Asked[] => [
    { type: 'repository', name: repository, word: 'pull', actions: ['pull'] },
    { type: 'repository', name: repository, word: 'push', actions: ['create'] },
    { type: 'repository', name: repository, word: 'push', actions: ['create', 'overwrite'] },
    { type: 'repository', name: repository, word: 'delete', actions: ['delete'] },
  ]),
  { type: 'registry', name: 'catalog', word: '*', actions: ['list'] },
];

/** What was asked and compared, so that the test can tell that it did something. */
interface Seen {
  equal: number;
  granted: number;
  narrower: number;
}

function compare(made: ModelConfig, seen: Seen): string[] {
  const imported = importDockerAuth(JSON.stringify(made), 'auth.json', { service: 'reg' });
  if (!imported.ok) throw new Error(JSON.stringify(imported.problems));
  const parsed = parseUsers(imported.users, 'users.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { findings } = imported.report;
  const listed = (kind: string): Set<number> =>
    new Set(
      findings.flatMap((finding) =>
        finding.kind === kind && finding.entry !== undefined ? [finding.entry] : [],
      ),
    );
  const lost = listed('lost');
  // A hole of the actions says nothing of what the patterns hold for.
  const holes = new Set(
    findings.flatMap(({ kind, entry, text }) =>
      kind === 'hole' && entry !== undefined && !text.startsWith('a * beside other actions') ? [entry] : [],
    ),
  );
  const wrong: string[] = [];
  const named = Object.keys(made.users).filter((one) => one !== '');
  const newcomers = NEWCOMERS.filter((one) => !named.includes(one));
  for (const caller of ['', ...named, ...newcomers]) {
    const subject: Subject =
      caller === ''
        ? ANONYMOUS
        : {
            name: caller,
            kind: 'person',
            method: 'password',
            groups: parsed.users.byName.get(caller)?.groups ?? [],
          };
    for (const ip of ADDRESSES) {
      const known = caller !== '' || made.users[''] !== undefined;
      let last = '';
      let first: number | undefined;
      for (const { type, name: asked, word, actions } of ASKED) {
        const request = { account: caller, type, name: asked, service: 'reg', ip };
        if (last !== type + asked) first = known ? firstFitting(made, request) : undefined;
        last = type + asked;
        const deciding = first === undefined ? undefined : made.acl[first - 1];
        const theirs = deciding !== undefined && grantedBy(deciding, word);
        const repository = type === 'registry' ? 'any/thing' : asked;
        const ours =
          imported.compiled !== undefined &&
          decide(imported.compiled, {
            subject,
            address: ip,
            tokenAddress: ip,
            repository,
            actions,
            tag: word === 'push' ? 'v1' : undefined,
            time: 0,
            client: undefined,
            certificates: UNKNOWN,
          }).verdict === 'granted';
        const say = `${JSON.stringify({ ...request, word, first, theirs, ours })}`;
        if (ours && !theirs) wrong.push(`more: ${say}`);
        // Rules may hold for the users of the file only. An entry that is not carried may have been about more than can be told, also below it.
        const certain =
          !newcomers.includes(caller) && ![...lost].some((number) => first === undefined || number <= first);
        if (!certain) {
          if (theirs && !ours) seen.narrower++;
          continue;
        }
        const through = first !== undefined && holes.has(first) && deciding !== undefined;
        const expected =
          theirs && (!through || (!isUnclear(deciding) && entryFits(made, deciding, request, 'closed')));
        seen.equal++;
        if (expected) seen.granted++;
        if (ours !== expected) wrong.push(`other: ${say}, expected ${expected}`);
      }
    }
  }
  return wrong.length === 0
    ? []
    : [
        ...wrong.slice(0, 3),
        JSON.stringify(made),
        imported.policy ?? '(no policy)',
        JSON.stringify(findings),
      ];
}

const KEYS = ['account', 'type', 'name', 'ip', 'service', 'labels'];

/** Nothing is granted by an entry with keys that docker_auth passed over. */
function isUnclear(deciding: ModelEntry): boolean {
  return Object.entries(deciding.match).some(([key, value]) => value === null || !KEYS.includes(key));
}

/** @param runs configurations; of each some thousand requests are asked. */
export function compareWithModel(runs: number): void {
  describe(`rules of ${runs} configurations of docker_auth`, () => {
    it('grant what the first fitting entry granted, and nothing else', () => {
      const seen: Seen = { equal: 0, granted: 0, narrower: 0 };
      fc.assert(
        fc.property(config, (made) => {
          expect(compare(made, seen)).toEqual([]);
        }),
        { numRuns: runs },
      );
      // What is asked in vain says little.
      expect(seen.equal).toBeGreaterThan(runs * 100);
      expect(seen.granted).toBeGreaterThan(runs * 10);
    }, 600_000);
  });
}
