/** The policy that is shipped says what the product is for. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { loadPolicy } from '../../src/config/policy-files.ts';
import { decide } from '../../src/policy/decide.ts';
import { type Action, ANONYMOUS, type Question, UNKNOWN } from '../../src/policy/facts.ts';
import { person, question } from './build.ts';

const loaded = await loadPolicy(fileURLToPath(new URL('../../policies', import.meta.url)));

describe('the shipped policy', () => {
  it('loads without a problem or warning', () => {
    expect(loaded).toMatchObject({ ok: true, warnings: [] });
  });

  const ci = person('jenkins', 'ci');
  const push: readonly Action[] = ['create', 'overwrite'];

  it.each<[string, Partial<Question>, string]>([
    ['a pull from the intranet without a login', { subject: ANONYMOUS, address: '10.20.30.40' }, 'granted'],
    ['a pull from IPv6 inside', { subject: ANONYMOUS, address: 'fd12::1' }, 'granted'],
    ['a pull from this machine', { subject: ANONYMOUS, address: '::1' }, 'granted'],
    ['a pull from outside', { subject: ci, address: '203.0.113.1' }, 'refused'],
    [
      'a push by a member of ci from a build host',
      { subject: ci, address: '127.0.0.1', actions: push },
      'granted',
    ],
    [
      'a push by a member of ci from elsewhere inside',
      { subject: ci, address: '10.1.2.3', actions: push },
      'refused',
    ],
    [
      'a push by someone else from a build host',
      { subject: person('x'), address: '127.0.0.1', actions: push },
      'refused',
    ],
    ['a push without a login', { subject: ANONYMOUS, address: '127.0.0.1', actions: push }, 'refused'],
    [
      'a token for a push that may come from a build host',
      { subject: ci, address: UNKNOWN, actions: push },
      'possible',
    ],
    ['a delete', { subject: ci, address: '127.0.0.1', actions: ['delete'] }, 'refused'],
    ['a look at the names', { subject: ci, address: '127.0.0.1', actions: ['list'] }, 'refused'],
    [
      'a look at the record by an auditor',
      { subject: person('a', 'auditors'), address: '10.1.2.3', actions: ['audit'] },
      'granted',
    ],
    [
      'a look at the record by someone else',
      { subject: ci, address: '127.0.0.1', actions: ['audit'] },
      'refused',
    ],
  ])('decides %s', (_name, asked, verdict) => {
    if (!loaded.ok) throw new Error('not loaded');
    expect(decide(loaded.policy, question(asked)).verdict).toBe(verdict);
  });

  it('tells a refused pusher whom to ask', () => {
    if (!loaded.ok) throw new Error('not loaded');
    const decision = decide(
      loaded.policy,
      question({ subject: ci, address: '10.1.2.3', actions: ['create'] }),
    );
    expect(decision).toMatchObject({
      nearest: 'builders-push',
      message: expect.stringMatching(/build host.*Ask/),
    });
  });
});
