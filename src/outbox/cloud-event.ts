/**
 * A record as a CloudEvent. Pure.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
import type { Outgoing } from './destination.ts';

/** JSON of the event format. The leaf stands in `data` byte for byte. */
export function cloudEvent({ index, sequence, leaf, facts }: Outgoing, source: string): string {
  const { subject, tag } = facts;
  const about =
    subject?.repo &&
    `${subject.repo}${tag ? `:${tag.name}` : ''}${subject.digest ? `@${subject.digest}` : ''}`;
  const attributes = {
    specversion: '1.0',
    id: facts.id,
    source,
    type: `registry-warden.${facts.type}`,
    time: facts.time,
    ...(about && { subject: about }),
    datacontenttype: 'application/json',
    // Extensions have names of small letters and digits. The sequence is a text, by the extension of that name.
    sequence: String(sequence).padStart(20, '0'),
    logindex: index,
  };
  return `${JSON.stringify(attributes).slice(0, -1)},"data":${leaf}}`;
}
