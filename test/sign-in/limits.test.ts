import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLane } from '../../src/identity/lane.ts';
import { createIssuerClient } from '../../src/identity/sign-in/issuer-client.ts';
import { createKnownIssuer } from '../../src/identity/sign-in/known-issuer.ts';
import { createSignInSeals } from '../../src/identity/sign-in/seal.ts';
import { createSignIn, type Finished, SIGN_IN_MS, type SignIn } from '../../src/identity/sign-in/sign-in.ts';
import { createMemoryLimit } from '../../src/state/limits.ts';
import { type PeopleIssuer, startPeopleIssuer } from '../support/people-issuer.ts';
import { issuerOf } from './settings-of.ts';

const PUBLIC = 'http://127.0.0.1:5000';
const [HERE, THERE] = ['10.0.0.1', '10.9.0.1'];

describe('sign-ins of one address', () => {
  let issuer: PeopleIssuer;
  let signIn: SignIn;
  let now: number;
  beforeEach(async () => {
    issuer = await startPeopleIssuer();
    issuer.allow(PUBLIC, 'corp');
    now = Date.now();
    const settings = issuerOf({ issuer: issuer.url, clientId: issuer.clientId });
    const known = createKnownIssuer({
      settings,
      credential: async () => ({ secret: issuer.clientSecret }),
      now: () => performance.now(),
      onProblem: () => undefined,
      onRecovered: () => undefined,
    });
    const key = randomBytes(32);
    const used = new Set<string>();
    signIn = createSignIn({
      clients: [createIssuerClient(settings, known)],
      seals: createSignInSeals(() => [key]),
      publicUrl: PUBLIC,
      byAddress: createMemoryLimit({ name: 'test', points: 2, seconds: 60 }),
      lane: createLane({ width: 1, waiting: 1 }),
      useOnce: async (state) => !used.has(state) && used.add(state).has(state),
      now: () => now,
    });
  });
  afterEach(() => issuer.stop());

  /** Comes back with a code that nobody gave. */
  async function fail(address = HERE): Promise<string> {
    const begun = await signIn.begin({ issuer: 'corp', returnTo: '/ui/', before: undefined });
    const state = new URL(begun?.address ?? '').searchParams.get('state') ?? '';
    const query = new URLSearchParams({ code: 'x', state, iss: issuer.url }).toString();
    return said(await signIn.finish({ issuer: 'corp', query, sealed: begun?.sealed, address }));
  }
  const said = (found: Finished): string => (found.ok ? 'signed in' : found.refusal);
  const exchanges = (): number => issuer.asked().filter((one) => one === 'POST /token').length;

  test('that fail too often are sent to no issuer any more, and those of others are', async () => {
    expect([await fail(), await fail(), await fail()]).toEqual(['refused', 'refused', 'limited']);
    expect(exchanges()).toBe(2);
    expect(await fail(THERE)).toBe('refused');
  });

  test('that fail by the fault of the issuer are not counted', async () => {
    issuer.answer('/token', (_request, response) => response.writeHead(500).end());
    for (let turn = 0; turn < 4; turn++) expect(await fail()).toBe('unavailable');
    issuer.answer('/token', undefined);
    expect(await fail()).toBe('refused');
  });

  test('that an issuer lets wait are waited for a few at a time', async () => {
    await fail(THERE);
    issuer.answer('/token', (_request, response) => {
      setTimeout(() => response.writeHead(500).end(), 300);
    });
    const addresses = ['10.0.1.1', '10.0.2.1', '10.0.3.1', '10.0.4.1'];
    const all = await Promise.all(addresses.map((address) => fail(address)));
    expect(all.toSorted()).toEqual(['limited', 'limited', 'unavailable', 'unavailable']);
  });

  test('that take too long are begun anew', async () => {
    const begun = await signIn.begin({ issuer: 'corp', returnTo: '/ui/', before: undefined });
    const state = new URL(begun?.address ?? '').searchParams.get('state') ?? '';
    now += SIGN_IN_MS;
    const query = new URLSearchParams({ code: 'x', state, iss: issuer.url }).toString();
    const found = await signIn.finish({ issuer: 'corp', query, sealed: begun?.sealed, address: HERE });
    expect(found).toEqual({ ok: false, refusal: 'elsewhere', why: 'it was begun too long ago' });
    expect(exchanges()).toBe(0);
  });
});
