/** The suite that sends strange requests through a running Warden, in the size that a tier has time for. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Front, startFront } from '../gate/front.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { attack, type Passed, passedSince } from './attack.ts';
import { SECRET, SECRET_DIGEST } from './corpus.ts';

const MINUTE_MS = 60_000;

/** Read without the parser under test: one component behind the route's word, so that `pub` is the whole name. */
const OF_PUB =
  /^\/v2\/pub\/(?:manifests\/[^/?]+|blobs\/[^/?]+|blobs\/uploads\/[^/?]*|tags\/list|referrers\/[^/?]+)(?:\?.*)?$/;

const POLICY = `
networks:
  here: [127.0.0.0/8]
rules:
  - id: readers
    allow: [pull]
    repositories: [pub]
    from: [here]
  - id: writers
    allow: [push]
    repositories: [pub]
    who: { groups: [ci] }
  - id: owners
    allow: [pull, push]
    repositories: [pub, sec]
    who: { groups: [security] }
`;

export interface Size {
  readonly version: 2 | 3;
  readonly pipelined: number;
  readonly odd: number;
  readonly seed: number;
}

export function describeThroughWarden({ version, pipelined, odd, seed }: Size): void {
  const need: Need = version === 3 ? 'distribution3' : 'docker-registry';
  describeNeeding(
    [need],
    `mutated requests through Warden to ${version === 3 ? 'distribution 3' : 'docker-registry 2.8'}`,
    () => {
      let front: Front;
      beforeAll(async () => {
        front = await startFront({ policy: POLICY, users: ['alice', 'bob', 'carol'], version });
        await putBlob('sec', SECRET);
        await putBlob('pub', 'for everybody');
      }, MINUTE_MS);
      afterAll(() => front?.stop());

      async function bearer(user: 'alice' | 'bob' | 'carol', scope: string): Promise<string> {
        return `Bearer ${await front.token({ user, scope })}`;
      }

      async function putBlob(repository: string, content: string): Promise<void> {
        const token = await front.token({ user: 'carol', scope: `repository:${repository}:pull,push` });
        const begun = await front.ask({ method: 'POST', path: `/v2/${repository}/blobs/uploads/`, token });
        const digest = `sha256:${Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(content))).toString('hex')}`;
        const path = `${begun.headers['location']}&digest=${digest}`;
        expect((await front.ask({ method: 'PUT', path, body: content, token })).status).toBe(201);
      }

      /** All that the registry got was judged, for what it is. */
      function expectJudged(passed: readonly Passed[]): void {
        const judged = passed.filter(({ id }) => id !== undefined);
        expect(judged.filter(({ judged, method }) => judged?.method !== method)).toEqual([]);
        expect(judged.filter(({ judged }) => judged?.repository !== 'pub')).toEqual([]);
        expect(passed.filter(({ target }) => !OF_PUB.test(target))).toEqual([]);
        // Of a comparison of nothing nothing follows.
        expect(judged.length).toBeGreaterThan((pipelined + odd) / 100);
      }

      it(
        `of one who may only pull "pub" reach nothing else, and write nothing (${pipelined + odd} requests, seed ${seed})`,
        async () => {
          const before = front.registry.log().length;
          const scope = 'repository:pub:pull,push,delete repository:sec:pull,push,delete registry:catalog:*';
          await attack(front.place, { seed, pipelined, odd, authorization: () => bearer('bob', scope) });
          const passed = await passedSince(front.warden, before);
          console.log(
            `as a reader: ${pipelined} requests and ${odd} framed oddly, ${passed.length} reached the registry`,
          );
          expectJudged(passed);
          expect(passed.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
        },
        8 * MINUTE_MS,
      );

      it(
        `of one who may push to "pub" write nowhere else, and take nothing from elsewhere (${pipelined + odd} requests, seed ${seed + 1})`,
        async () => {
          const before = front.registry.log().length;
          const scope = 'repository:pub:pull,push repository:sec:pull,push';
          await attack(front.place, {
            seed: seed + 1,
            pipelined,
            odd,
            authorization: () => bearer('alice', scope),
          });
          const passed = await passedSince(front.warden, before);
          const writes = passed.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
          console.log(
            `as a writer: ${pipelined} requests and ${odd} framed oddly, ${passed.length} reached the registry, ${writes.length} of them writes`,
          );
          expectJudged(passed);
          expect(writes.length).toBeGreaterThan(0);
          expect(passed.filter(({ method }) => method === 'DELETE')).toEqual([]);
          expect(passed.filter(({ target }) => /[?&](?:from=(?!pub(?:&|$))|tag=)/.test(target))).toEqual([]);
          const token = await front.token({
            user: 'carol',
            scope: ['repository:pub:pull', 'repository:sec:pull'],
          });
          const statuses = await Promise.all(
            ['pub', 'sec'].map(async (repository) => {
              return (
                await front.ask({ method: 'HEAD', path: `/v2/${repository}/blobs/${SECRET_DIGEST}`, token })
              ).status;
            }),
          );
          expect(statuses).toEqual([404, 200]);
        },
        8 * MINUTE_MS,
      );
    },
  );
}
