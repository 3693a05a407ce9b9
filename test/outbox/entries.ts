/** Entries of a log as the destinations get them. */
import type { LeafFacts, Outgoing } from '../../src/outbox/destination.ts';

/** A record with everything that is asked of one, and what `more` says. */
export function leafOf(number: number, more: object = {}): string {
  return JSON.stringify({
    v: 1,
    type: 'push.accepted',
    id: `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    time: '2026-11-23T10:00:00.123Z',
    proxy: { instance: 'warden-1', version: '0.1.0' },
    subject: { repo: 'team/app', digest: `sha256:${'a'.repeat(64)}` },
    tag: { name: '1.0' },
    ...more,
  });
}

export function outgoing(number: number, more: object = {}): Outgoing {
  const leaf = leafOf(number, more);
  return { index: number, sequence: number, leaf, facts: JSON.parse(leaf) as LeafFacts };
}
