import { expect, it } from '@jest/globals';
import { type AcceptedPush, statementOf } from '../../src/attest/statement.ts';
import { recordSchema } from '../../src/provenance/record.ts';
import { anIntent } from '../provenance/a-log.ts';

type Kind = AcceptedPush['actor']['kind'];

function levelsOf(kind: Kind, method: string): readonly string[] {
  const record = recordSchema.parse({
    ...anIntent({ actor: { sub: 'x', kind, method, evidence: 'verified' } }),
    ...{ v: 1, type: 'push.accepted', time: '2026-03-02T09:14:05.171Z', backend: { status: 201 } },
    proxy: { instance: 'test', version: '0.0.0' },
  });
  if (record.type !== 'push.accepted') throw new Error(record.type);
  const context = { registry: 'registry.test', publicUrl: 'https://registry.test', levelPrefix: 'ACME' };
  const statement = statementOf('summary', { index: 1, record, leaf: Buffer.of() }, context);
  return statement?.predicate['verifiedLevels'] as string[];
}

it.each<[Kind, string, boolean]>([
  ['build', 'oidc', true],
  // Its id token was seen when the grant was asked for; who has the password now is not known to be the build.
  ['build', 'grant', false],
  ['robot', 'password', false],
  ['person', 'password', false],
])('a push of a %s by %s is attested as of a build: %s', (kind, method, expected) => {
  expect(levelsOf(kind, method)).toContain('ACME_PUSHER_AUTHENTICATED');
  expect(levelsOf(kind, method).includes('ACME_BUILD_AUTHENTICATED')).toBe(expected);
});
