import { describe, expect, test } from '@jest/globals';
import { type CloudEvent, HTTP } from 'cloudevents';
import { cloudEvent } from '../../src/outbox/cloud-event.ts';
import { outgoing } from './entries.ts';

describe('a record as a CloudEvent', () => {
  test('is read by the SDK of CloudEvents, with the leaf as its data', () => {
    const entry = outgoing(3, { labels: { text: '\u2028 é "' } });
    const headers = { 'content-type': 'application/cloudevents+json' };
    const event = HTTP.toEvent({
      headers,
      body: cloudEvent(entry, 'https://registry.corp:5000'),
    }) as CloudEvent<object>;
    expect(event.validate()).toBe(true);
    expect(event).toMatchObject({
      specversion: '1.0',
      source: 'https://registry.corp:5000',
      type: 'registry-warden.push.accepted',
      subject: `team/app:1.0@sha256:${'a'.repeat(64)}`,
      time: '2026-11-23T10:00:00.123Z',
      logindex: 3,
      sequence: '00000000000000000003',
    });
    expect(event.data).toEqual(JSON.parse(entry.leaf));
  });

  test('holds the bytes of the leaf as they are', () => {
    const entry = outgoing(3);
    expect(cloudEvent(entry, 'https://registry.corp').endsWith(`"data":${entry.leaf}}`)).toBe(true);
  });

  test('of a record about nothing in the registry has no subject', () => {
    const event = JSON.parse(
      cloudEvent(outgoing(3, { subject: undefined, tag: undefined }), 'https://registry.corp'),
    ) as object;
    expect(Object.keys(event)).not.toContain('subject');
  });
});
