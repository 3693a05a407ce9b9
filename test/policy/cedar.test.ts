import { expect, it } from '@jest/globals';
import { policyDocument } from '../../src/policy/schema.ts';
import { cedarOf } from './cedar.ts';
import { cedarSuite } from './cedar-suite.ts';

cedarSuite(2026, 40, 100);

it('a rule reads like this in Cedar', () => {
  const document = policyDocument.parse({
    rules: [
      {
        id: 'push',
        allow: ['push'],
        repositories: ['a/*'],
        who: { groups: ['ci'] },
        from: ['10.0.0.0/8'],
        unless: { tags: ['v*'] },
      },
    ],
  });
  expect(cedarOf(document)).toBe(
    'permit(principal, action, resource) when { ["create", "overwrite"].contains(context.action) && ' +
      '((context.repository like "a/*" && !(context.repository like "*/*/*"))) && ' +
      'context.groups.containsAny(["ci"]) && (context.address.isInRange(ip("10.0.0.0/8"))) } ' +
      'unless { (context has tag && (context.tag like "v*")) };',
  );
});
