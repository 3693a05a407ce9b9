/** The suite that compares readings of manifests, in the size that a tier has time for. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readManifest } from '../../src/protocol/manifest.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { compareManifests } from './compare-manifests.ts';
import { type Oracle, startOracle } from './oracle.ts';
import type { Size } from './request-suite.ts';

const MINUTE_MS = 60_000;

export function describeManifests({ version, cases, seed }: Size): void {
  const need: Need = version === 3 ? 'distribution3' : 'docker-registry';
  const name = version === 3 ? 'distribution 3' : 'docker-registry 2.8';
  describeNeeding([need], `a manifest read by Warden and by ${name}`, () => {
    let oracle: Oracle;
    beforeAll(async () => {
      oracle = await startOracle(version);
    });
    afterAll(() => oracle?.stop());

    it(
      `names the same content to both, and has one reading (${cases} manifests, seed ${seed})`,
      async () => {
        const result = await compareManifests(oracle, seed, cases);
        console.log(
          `${name}: ${cases} manifests, ${result.accepted} accepted, ${result.readByBoth} of them read by both; ` +
            `${result.ambiguous} ambiguous, ${result.readAlone} of them read by the registry and refused by Warden`,
        );
        expect(result.doubtful).toEqual([]);
        expect(result.disagreements).toEqual([]);
        // A comparison of refusals alone would compare nothing.
        expect(result.readByBoth).toBeGreaterThan(cases / 4);
        expect(result.readAlone).toBeGreaterThan(cases / 20);
      },
      5 * MINUTE_MS,
    );

    it('would be seen to differ with a reader that takes what JSON.parse gives', async () => {
      const careless: typeof readManifest = (bytes, contentType) => {
        const read = readManifest(bytes, contentType);
        if (read.ok) return read;
        try {
          const plain = JSON.stringify(JSON.parse(Buffer.from(bytes).toString('utf8')));
          const unfolded = plain
            .replace(/"([A-Z]+[a-z]*)":/g, '"x-$1":')
            .replace(/"[a-z]*[\u017f\u212a][a-z]*":/g, '"x":');
          return readManifest(Buffer.from(unfolded), contentType);
        } catch {
          return read;
        }
      };
      const { doubtful, disagreements } = await compareManifests(oracle, seed, 1_500, careless);
      expect(doubtful).not.toEqual([]);
      expect(disagreements).not.toEqual([]);
    });
  });
}
