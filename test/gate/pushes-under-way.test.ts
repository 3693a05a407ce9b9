import { beforeEach, describe, expect, it } from '@jest/globals';
import { createPushesUnderWay, type PushesUnderWay } from '../../src/gate/pushes-under-way.ts';

const KEY = { repository: 'team/app', subject: 'alice', address: '10.0.0.1', jti: 'one', expiresAt: 1_000 };
const MOUNT = { digest: 'sha256:aa', from: 'team/base' };
const PARTS = new Set(['sha256:aa', 'sha256:bb']);

describe('pushes under way', () => {
  let underWay: PushesUnderWay;
  /** Seconds since 1970. */
  let now: number;

  beforeEach(() => {
    let ids = 0;
    now = 100;
    underWay = createPushesUnderWay(
      () => `id-${ids++}`,
      () => now * 1000,
    );
  });

  it('give all manifests one id until the tag is written', () => {
    const id = underWay.part(KEY);
    expect(underWay.part(KEY)).toBe(id);
    underWay.end(KEY);
    expect(underWay.part(KEY)).not.toBe(id);
  });

  it.each([
    ['repository', { repository: 'team/other' }],
    ['user', { subject: 'bob' }],
    ['address', { address: '10.0.0.2' }],
    ['token', { jti: 'two' }],
  ])('are others for another %s', (_, change) => {
    expect(underWay.part({ ...KEY, ...change })).not.toBe(underWay.part(KEY));
  });

  const next = (at: number) => ({ ...KEY, jti: `token-${at}`, expiresAt: at + 300 });

  it('go on with the tokens that follow one which has ended, also while only layers are sent', () => {
    const id = underWay.part(KEY);
    now = 1_000;
    underWay.uploading(next(now));
    now = 1_290;
    underWay.uploading(next(now));
    now = 1_600;
    expect(underWay.part(next(now))).toBe(id);
  });

  it('do not go on with another token while their own is good', () => {
    const id = underWay.part(KEY);
    now = 900;
    expect(underWay.part(next(now))).not.toBe(id);
  });

  it('do not go on after an hour in which nothing came', () => {
    const id = underWay.part(KEY);
    now = 3_701;
    expect(underWay.part(next(now))).not.toBe(id);
  });

  it('are not taken for one another where two have ended', () => {
    const ids = [underWay.part(KEY), underWay.part({ ...KEY, jti: 'two' })];
    now = 1_000;
    expect(ids).not.toContain(underWay.part(next(now)));
  });

  it('know a mount that was made with a token of its own', () => {
    underWay.mounted({ ...KEY, jti: 'two' }, MOUNT);
    expect(underWay.mountsAmong(KEY, PARTS)).toEqual([MOUNT]);
  });

  it.each([
    ['repository', { repository: 'team/other' }],
    ['user', { subject: 'bob' }],
    ['address', { address: '10.0.0.2' }],
  ])('do not show the mounts of another %s', (_, change) => {
    underWay.mounted({ ...KEY, ...change }, MOUNT);
    expect(underWay.mountsAmong(KEY, PARTS)).toEqual([]);
  });

  it('forget at the end what a manifest has named, and nothing else', () => {
    const later = { digest: 'sha256:cc', from: 'team/base' };
    underWay.mounted(KEY, MOUNT);
    underWay.mounted(KEY, later);
    underWay.mountsAmong(KEY, PARTS);
    underWay.end(KEY);
    expect(underWay.mountsAmong(KEY, new Set([...PARTS, later.digest]))).toEqual([later]);
  });

  it('stay bounded', () => {
    for (let at = 0; at < 1_100; at++) underWay.mounted(KEY, { ...MOUNT, digest: `sha256:${at}` });
    const all = new Set(Array.from({ length: 1_100 }, (_, at) => `sha256:${at}`));
    const kept = underWay.mountsAmong(KEY, all);
    expect(kept).toHaveLength(1_000);
    expect(kept.at(-1)?.digest).toBe('sha256:1099');
  });
});
