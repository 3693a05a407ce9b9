import { describe, expect, it } from '@jest/globals';
import { type PolicyText, readPolicy } from '../../src/config/policy-texts.ts';
import { APART_LENGTH, readPolicyApart } from '../../src/config/read-policy-apart.ts';
import { decide } from '../../src/policy/decide.ts';
import { ANONYMOUS } from '../../src/policy/facts.ts';

/** With a name of each kind, a rule without an address, and one that is covered by another: things that are warned of. */
const NAMES = `hosts:
  jenkins: { addresses: [10.1.2.11] }
networks:
  intranet: [10.0.0.0/8]
  builders: [jenkins]
sets:
  groups: { teams: [ci, dev] }
  repositories: { bases: ["base/**"] }
  times: { office: ["Mon-Fri 08:00-18:00 Europe/Berlin"] }
rules:
  - id: everybody-pushes
    allow: [push]
    repositories: ["free/**"]
    who: { groups: [ci] }
  - id: frozen
    deny: [push]
    repositories: ["set:bases"]
    time: ["set:office"]
    message: The base images rest.
`;
const rule = (nth: number): string => `  - id: team-${nth}
    allow: [pull]
    repositories: ["team-${nth}/**"]
    from: [intranet]
`;
const rules = (count: number): string => Array.from({ length: count }, (_, nth) => rule(nth)).join('');

function texts(count: number): readonly PolicyText[] {
  return [
    { file: 'names.yaml', text: NAMES },
    { file: 'teams.yaml', text: `rules:\n${rules(count)}` },
  ];
}

/** What of a policy is plain data, and what it decides. */
function shown(read: ReturnType<typeof readPolicy>) {
  if (!read.ok) return read;
  const { rules, hosts, digest } = read.policy;
  const asked = {
    address: '10.1.2.11',
    tokenAddress: '10.1.2.11',
    tag: undefined,
    time: 0,
    client: undefined,
  };
  const decision = decide(read.policy, {
    ...{ ...asked, subject: ANONYMOUS, repository: 'team-7/app', actions: ['pull'], certificates: [] },
  });
  const facts = rules.map(({ id, place, written }) => ({ id, place, written }));
  return { facts, hosts: [...hosts], digest, warnings: read.warnings, decision };
}

describe('a large policy', () => {
  it.each([
    ['below the length of a thread', 10],
    ['above it', 250],
  ])('is the same when it is read apart: %s', async (_name, count) => {
    const given = texts(count);
    const length = given.reduce((sum, { text }) => sum + text.length, 0);
    expect(length > APART_LENGTH).toBe(count > 100);
    const here = shown(readPolicy(given));
    const apart = shown(await readPolicyApart(given));
    expect(here).toMatchObject({ decision: { verdict: 'granted', host: 'jenkins' } });
    expect(here).toMatchObject({ warnings: [{ file: 'names.yaml' }] });
    expect(apart).toEqual(here);
  });

  it.each([
    ['two rules of one name', rule(7)],
    ['an unknown network', rule(1000).replace('intranet', 'nowhere')],
    ['broken YAML', '  - id: [\n'],
  ])('is refused with the same problems: %s', async (_name, more) => {
    const given = [...texts(250), { file: 'more.yaml', text: `rules:\n${more}` }];
    const here = readPolicy(given);
    expect(here.ok).toBe(false);
    expect(await readPolicyApart(given)).toEqual(here);
  });

  it('lets others be served while it is looked at', async () => {
    let turns = 0;
    let reading = true;
    const turn = (): void => {
      turns++;
      if (reading) setImmediate(turn);
    };
    setImmediate(turn);
    const given = texts(250);
    await readPolicyApart(given);
    reading = false;
    expect(turns).toBeGreaterThan(10);
  });
});
