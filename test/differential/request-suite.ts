/** The suite that compares readings of requests, in the size that a tier has time for. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding, type Need } from '../support/needs.ts';
import { compareRequests } from './compare-requests.ts';
import type { RawRequest } from './corpus.ts';
import { type Judged, judge } from './judged.ts';
import { type Oracle, startOracle } from './oracle.ts';

const MINUTE_MS = 60_000;

export interface Size {
  readonly version: 2 | 3;
  readonly cases: number;
  readonly seed: number;
}

export function describeRequests({ version, cases, seed }: Size): void {
  const need: Need = version === 3 ? 'distribution3' : 'docker-registry';
  const name = version === 3 ? 'distribution 3' : 'docker-registry 2.8';
  describeNeeding([need], `a request read by Warden and by ${name}`, () => {
    let oracle: Oracle;
    beforeAll(async () => {
      oracle = await startOracle(version);
    });
    afterAll(() => oracle?.stop());

    it(
      `means the same to both, as it was written and as it is sent on (${cases} requests, seed ${seed})`,
      async () => {
        const { accepted, refusedAlone, disagreements } = await compareRequests(oracle, seed, cases);
        console.log(
          `${name}: ${cases} requests, ${accepted} accepted, ${refusedAlone} refused by Warden alone, ${disagreements.length} disagreements`,
        );
        expect(disagreements).toEqual([]);
        // A comparison of refusals alone would compare nothing.
        expect(accepted).toBeGreaterThan(cases / 10);
        expect(refusedAlone).toBeGreaterThan(cases / 20);
      },
      10 * MINUTE_MS,
    );

    it.each<readonly [string, (judged: Judged, raw: RawRequest) => Judged]>([
      [
        'a name that ends at the first route word',
        (judged) => ({ ...judged, name: judged.name?.replace(/\/(?:manifests|blobs|tags).*/, '') }),
      ],
      [
        'a write that is taken for a pull',
        (judged) => ({ ...judged, access: judged.access?.filter((part) => !part.endsWith(':push')) }),
      ],
      [
        'a query that is sent on as it came',
        (judged, raw) => ({ ...judged, sent: { ...judged.sent, target: raw.target } }),
      ],
      [
        'a form that is sent on as one',
        (judged, raw) => ({ ...judged, sent: { ...judged.sent, headers: raw.headers } }),
      ],
    ])('would be seen to differ with %s', async (_fault, damage) => {
      const careless = (raw: RawRequest): Judged | undefined => {
        const judged = judge(raw);
        return judged && damage(judged, raw);
      };
      expect((await compareRequests(oracle, seed, 1_000, careless)).disagreements).not.toEqual([]);
    });
  });
}
