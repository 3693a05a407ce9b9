import { expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { smoke } from './smoke.ts';

describeNeeding(['docker-registry', 'openssl', 'curl', 'nginx'], 'the benchmark', () => {
  it('measures Warden beside direct and another proxy, however little', async () => {
    const tables = await smoke([
      '--only',
      'manifest-get,blob-256m,storm,aborts,decisions',
      '--peers',
      'http-proxy,warden',
    ]);
    expect(tables).toEqual({
      cases: 5,
      rows: { direct: 3, 'http-proxy': 4, warden: 4, 'warden accel': 2, 'warden redirect': 2 },
    });
  }, 120_000);
});
