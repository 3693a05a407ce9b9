import { describe, expect, it } from '@jest/globals';
import { hiddenClients, readNetworkFacts } from '../../src/config/container-network.ts';

const pair = { name: 'eth0', index: '7', link: '8' };
const card = { name: 'ens3', index: '2', link: '2' };

describe('a container with a network of its own', () => {
  it.each([
    ['a bridged container', { marked: true, interfaces: [pair] }, true],
    ["a container in the host's network", { marked: true, interfaces: [card, pair] }, false],
    ['a machine', { marked: false, interfaces: [card] }, false],
    ['a network namespace that is no container', { marked: false, interfaces: [pair] }, false],
    ['a container without any network', { marked: true, interfaces: [] }, false],
  ])('%s: warned %s', (_what, facts, warned) => {
    expect(hiddenClients(facts) !== undefined).toBe(warned);
  });

  it('is looked for where the kernel shows it', () => {
    for (const { index, link } of readNetworkFacts().interfaces) {
      expect(index).toMatch(/^\d+$/);
      expect(link).toMatch(/^\d+$/);
    }
  });
});
