import { describe, expect, it } from '@jest/globals';
import { createBodyBudget } from '../../src/gate/body-budget.ts';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, OTHER_BUILDER, startFront } from './front.ts';
import { pushImage, smallImage } from './images.ts';
import { openLine, rawRequest } from './wire.ts';

describe('the bytes of manifests that are held', () => {
  it('have a bound for one network, and one for all', () => {
    const budget = createBodyBudget(100, 60);
    const [first, second, third] = ['10.0.0.1', '10.0.0.1', '2001:db8::1'].map(budget.open);
    expect(first?.take(40)).toBe(true);
    expect(second?.take(30)).toBe(false);
    expect(second?.take(20)).toBe(true);
    expect(third?.take(41)).toBe(false);
    expect(third?.take(40)).toBe(true);
    first?.leave();
    expect(budget.open('2001:db8::2').take(21)).toBe(false);
    expect(second?.take(40)).toBe(true);
    for (const one of [first, second, third]) one?.leave();
    expect(budget.open('10.0.0.9').take(60)).toBe(true);
  });
});

const MIB = 1024 * 1024;

describeNeeding(['docker-registry'], 'one who begins many large manifests', () => {
  it('is told to come again before they fill the memory, while others push', async () => {
    const front = await startFront({ users: ['alice', 'frank'] });
    try {
      const scope = 'repository:pub:pull,push';
      const alice = await front.token({ user: 'alice', from: BUILDER, scope });
      const frank = {
        token: await front.token({ user: 'frank', from: OTHER_BUILDER, scope }),
        from: OTHER_BUILDER,
      };
      const head = rawRequest('PUT /v2/pub/manifests/large HTTP/1.1', [
        `Host: ${front.service}`,
        `Authorization: Bearer ${alice}`,
        'Content-Type: application/vnd.oci.image.manifest.v1+json',
        `Content-Length: ${4 * MIB}`,
      ]);
      // Each lacks its last byte. Sixteen are what one network may hold.
      const lines = Array.from({ length: 20 }, () => {
        const line = openLine(front.place, BUILDER);
        line.write(head);
        line.write(Buffer.alloc(4 * MIB - 1, 0x20));
        return line;
      });
      const told = () => lines.filter((line) => line.text().startsWith('HTTP/1.1 429')).length;
      for (let tries = 0; told() < 4 && tries < 200; tries++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      expect(told()).toBe(4);
      expect((await pushImage(front.place, 'pub', 'small', smallImage(), frank)).status).toBe(201);
      for (const line of lines) line.socket.destroy();
    } finally {
      await front.stop();
    }
  }, 60_000);
});
