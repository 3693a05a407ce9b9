import { describe, expect, it } from '@jest/globals';
import { createHealth, type RecordHealth } from '../../src/provenance/health.ts';
import { StoreError } from '../../src/store/thread.ts';

function aHealth(changes: { probe?: () => Promise<void>; freeBytes?: () => Promise<number> }) {
  const heard: RecordHealth[] = [];
  const health = createHealth({
    probe: async () => undefined,
    freeBytes: async () => 100,
    minimumFreeBytes: 50,
    onHealth: (state) => heard.push(state),
    ...changes,
  });
  return { health, heard };
}

describe('the health of the record', () => {
  it('is bad after a failed write until a durable one succeeds', async () => {
    let works = false;
    const { health, heard } = aHealth({
      probe: async () => {
        if (!works) throw new StoreError('database or disk is full', 13);
      },
    });
    health.failed(new StoreError('database or disk is full', 13));
    await health.tick();
    expect(health.current()).toEqual({
      writable: false,
      why: 'the push record cannot be written: its disk is full',
    });
    works = true;
    await health.tick();
    expect(health.current()).toEqual({ writable: true });
    expect(heard).toHaveLength(2);
  });

  it('is not changed by a refusal', () => {
    const { health } = aHealth({});
    health.failed(new StoreError('UNIQUE constraint failed', 2067));
    health.failed(new StoreError('there is no open intent x'));
    expect(health.current()).toEqual({ writable: true });
  });

  it.each([
    ['too little', async () => 49, 'has 49 bytes free, and 50 are kept as a reserve'],
    ['not known', async () => Promise.reject(new Error('ENOENT')), 'is not known: ENOENT'],
  ])('is bad while the free space is %s', async (_what, freeBytes: () => Promise<number>, why) => {
    const { health } = aHealth({ freeBytes });
    await health.tick();
    expect(health.current()).toEqual({ writable: false, why: expect.stringContaining(why) });
  });

  it('asks for a restart when the thread is gone', () => {
    const { health } = aHealth({});
    health.failed(new StoreError("the store's thread has ended", -1));
    expect(health.current()).toMatchObject({ why: expect.stringContaining('a restart is needed') });
  });
});
