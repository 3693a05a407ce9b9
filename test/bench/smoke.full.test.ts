import { expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { smoke } from './smoke.ts';

describeNeeding(
  ['docker-registry', 'openssl', 'curl', 'nginx', 'slapd', 'ldapadd'],
  'the whole benchmark',
  () => {
    it('measures every case, however little, and gives a table for each', async () => {
      const tables = await smoke(['--peers', 'http-proxy,warden']);
      expect(tables).toEqual({
        cases: 13,
        rows: { direct: 6, 'http-proxy': 10, warden: 10, 'warden accel': 3, 'warden redirect': 3 },
      });
    }, 300_000);
  },
);
