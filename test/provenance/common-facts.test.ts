import { describe, expect, it } from '@jest/globals';
import { commonFacts } from '../../src/provenance/common-facts.ts';

const actor = { sub: 'eve', kind: 'person', method: 'password', evidence: 'verified' } as const;

describe('what two events have in common', () => {
  it.each([
    [
      'a fact that is equal',
      { reason: 'x', action: 'push' },
      { reason: 'x', action: 'pull' },
      { reason: 'x' },
    ],
    ['nothing of a fact that one lacks', { reason: 'x', action: 'push' }, { reason: 'x' }, { reason: 'x' }],
    [
      'a part without what differs in it',
      { peer: { ip: '10.0.0.1', ua: 'a' }, actor: { ...actor, jti: '1' } },
      { peer: { ip: '10.0.0.1', ua: 'b' }, actor: { ...actor, jti: '2' } },
      { peer: { ip: '10.0.0.1' }, actor },
    ],
    [
      'lists that are equal as a whole',
      { policy: { rules: ['a', 'b'], decision: '1' } },
      { policy: { rules: ['a', 'b'], decision: '2' } },
      { policy: { rules: ['a', 'b'] } },
    ],
    [
      'no part that lacks what it needs',
      { peer: { ip: '::1', ua: 'a' } },
      { peer: { ip: '::2', ua: 'a' } },
      {},
    ],
    ['no part with other rules', { policy: { rules: ['a'] } }, { policy: { rules: ['b'] } }, {}],
    [
      'how a host is known only with the host',
      { peer: { ip: '::1', host: 'a', hostBy: 'allowlist' } },
      { peer: { ip: '::1', host: 'b', hostBy: 'allowlist' } },
      { peer: { ip: '::1' } },
    ],
  ])('is %s', (_what, one, other, common) => {
    expect(commonFacts<object>(one, other)).toEqual(common);
    expect(commonFacts<object>(other, one)).toEqual(common);
  });
});
