import { describe, expect, it } from '@jest/globals';
import { createLocks } from '../../src/provenance/locks.ts';
import { RecordBusy } from '../../src/provenance/record-errors.ts';

describe('locks', () => {
  it('let one at a time in, in the order in which they came', async () => {
    const locks = createLocks();
    const order: number[] = [];
    let inside = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        locks.withLock('r', 't', async () => {
          expect(++inside).toBe(1);
          await Promise.resolve();
          order.push(n);
          inside--;
        }),
      ),
    );
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(locks.held()).toBe(0);
  });

  it('are released by work that fails', async () => {
    const locks = createLocks();
    await expect(locks.withLock('r', 't', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(locks.held()).toBe(0);
  });

  it('stay held until what was handed over is settled', async () => {
    const locks = createLocks();
    const { promise, reject } = Promise.withResolvers<void>();
    expect(
      await locks.withLock('r', 't', async (hold) => {
        hold(promise);
        return 'answered';
      }),
    ).toBe('answered');
    let entered = false;
    const next = locks.withLock('r', 't', async () => {
      entered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(false);
    reject(new Error('settled badly'));
    await next;
    expect(entered).toBe(true);
  });

  it('refuse more waiters than the bound, for one reference and in all', async () => {
    const locks = createLocks({ perReference: 2, total: 3 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const enter = (tag: string) => locks.withLock('r', tag, () => promise);
    const entered = [enter('a'), enter('a'), enter('a'), enter('b'), enter('b')];
    await expect(enter('a')).rejects.toBeInstanceOf(RecordBusy);
    await expect(enter('b')).rejects.toBeInstanceOf(RecordBusy);
    resolve();
    await Promise.all(entered);
    expect(locks.held()).toBe(0);
  });

  it('forget a waiter who gave up', async () => {
    const locks = createLocks();
    const { promise, resolve } = Promise.withResolvers<void>();
    const client = new AbortController();
    const first = locks.withLock('r', 't', () => promise);
    const second = locks.withLock('r', 't', async () => 'never', client.signal);
    const third = locks.withLock('r', 't', async () => 'third');
    client.abort();
    await expect(second).rejects.toBeInstanceOf(RecordBusy);
    resolve();
    await first;
    expect(await third).toBe('third');
    expect(locks.held()).toBe(0);
  });
});

describe('the lock of a repository', () => {
  const aTurn = () => new Promise((resolve) => setImmediate(resolve));

  it('waits for every reference in it, and keeps those that come later out, in no other repository', async () => {
    const locks = createLocks();
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const alone = Promise.withResolvers<void>();
    const done = [
      locks.withLock('r', 'a', () => first.promise),
      locks.withRepository('r', async () => {
        seen.push('alone');
        await alone.promise;
      }),
      ...['b', 'c'].map((tag) =>
        locks.withLock('r', tag, async () => {
          seen.push(tag);
        }),
      ),
    ];
    await locks.withLock('other', 'b', async () => undefined);
    await aTurn();
    expect(seen).toEqual([]);
    first.resolve();
    await aTurn();
    expect(seen).toEqual(['alone']);
    alone.resolve();
    await Promise.all(done);
    expect(seen.sort()).toEqual(['alone', 'b', 'c']);
    expect(locks.held()).toBe(0);
  });

  it('lets those behind it in when it gives up', async () => {
    const locks = createLocks();
    const first = Promise.withResolvers<void>();
    const client = new AbortController();
    const held = locks.withLock('r', 'a', () => first.promise);
    const alone = locks.withRepository('r', async () => undefined, client.signal);
    const behind = locks.withLock('r', 'b', async () => 'in');
    client.abort();
    await expect(alone).rejects.toBeInstanceOf(RecordBusy);
    expect(await behind).toBe('in');
    first.resolve();
    await held;
    expect(locks.held()).toBe(0);
  });

  it('is left by one who may not wait for the reference', async () => {
    const locks = createLocks({ perReference: 0, total: 10 });
    const first = Promise.withResolvers<void>();
    const held = locks.withLock('r', 'a', () => first.promise);
    await aTurn();
    await expect(locks.withLock('r', 'a', async () => undefined)).rejects.toBeInstanceOf(RecordBusy);
    first.resolve();
    await held;
    expect(await locks.withRepository('r', async () => 'alone')).toBe('alone');
    expect(locks.held()).toBe(0);
  });

  it('can be taken beside what else a crash left open', async () => {
    const locks = createLocks();
    const releases = [locks.take('r', 'a'), locks.take('r', undefined), locks.take('r', undefined)];
    let entered = false;
    const push = locks.withLock('r', 'b', async () => {
      entered = true;
    });
    for (const release of releases) {
      await aTurn();
      expect(entered).toBe(false);
      release();
    }
    await push;
    expect(locks.held()).toBe(0);
  });
});
