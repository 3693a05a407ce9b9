import { expect, test } from '@jest/globals';
import { visibleParts } from '../../src/audit/visible-parts.ts';
import type { PushRecord } from '../../src/provenance/record.ts';

const DIGEST = `sha256:${'a1'.repeat(32)}`;
const OBSERVED = { digest: DIGEST, by: 'layers', evidence: 'observed' } as const;
const record: PushRecord = {
  v: 1,
  type: 'push.accepted',
  id: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  began: '2026-05-05T10:00:00.000Z',
  time: '2026-05-05T10:00:01.000Z',
  proxy: { instance: 'w', version: '0' },
  subject: { repo: 'team/app', digest: DIGEST, size: 1, mediaType: 'm' },
  actor: { sub: 'alice', kind: 'person', method: 'password', evidence: 'verified' },
  peer: { ip: '10.1.2.11' },
  policy: { rules: [] },
  token: { ip: '10.1.2.11', scopes: ['repository:team/app:push', 'repository:secret/base:pull'] },
  mounted: [{ digest: DIGEST, from: 'secret/base' }],
  base: [
    { ...OBSERVED, name: 'secret/base:1.0' },
    { ...OBSERVED, name: 'team/base' },
    { name: 'secret/base', by: 'mount', evidence: 'observed' },
    { name: 'registry.corp:5000/secret/base:1.0', by: 'label', evidence: 'claimed' },
  ],
};

test('names of other repositories that Warden has put into a record are left out, claims of the pusher stay', () => {
  const shown = visibleParts(record, (repository) => repository.startsWith('team/'));
  expect(shown).toMatchObject({
    token: { scopes: ['repository:team/app:push'] },
    mounted: [{ digest: DIGEST }],
    base: [
      OBSERVED,
      { ...OBSERVED, name: 'team/base' },
      { by: 'mount', evidence: 'observed' },
      { name: 'registry.corp:5000/secret/base:1.0', by: 'label', evidence: 'claimed' },
    ],
  });
  expect(JSON.stringify(shown).replace('registry.corp:5000/secret', '')).not.toContain('secret');
});

test('a record without such names is the very same', () => {
  expect(visibleParts(record, () => true)).toBe(record);
});
