/** A suite about several instances on one PostgreSQL: a server for all of its tests, a database for each. */
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { createInstances, type Instances } from './postgres-instances.ts';

export interface OnPostgres extends Pick<Instances, 'start' | 'records' | 'leave'> {
  readonly server: () => RunningPostgres;
  /** Of the database of this test. */
  readonly address: () => string;
}

export function describeInstances(title: string, body: (on: OnPostgres) => void): void {
  describeNeeding(['postgres'], title, () => {
    let server: RunningPostgres;
    let address = '';
    let instances: Instances;
    beforeAll(async () => {
      server = await startPostgres();
    }, 30_000);
    afterAll(() => server?.stop());
    beforeEach(async () => {
      address = await server.database();
      instances = createInstances(address);
    });
    afterEach(() => instances?.stop());
    body({
      server: () => server,
      address: () => address,
      start: (...times) => instances.start(...times),
      records: () => instances.records(),
      leave: (one) => instances.leave(one),
    });
  });
}
