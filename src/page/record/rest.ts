/** What of a record no card shows: by the names of its fields, so that a new field is seen before this page knows it. */

/** As paths; all that lies below one is shown with it. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['index', 'type', 'time', 'v', 'labels', 'meta', 'base', 'reason'],
  ...['subject.repo', 'subject.digest', 'subject.size', 'subject.mediaType', 'subject.artifactType'],
  ...['subject.config', 'subject.layers', 'subject.layerBytes', 'subject.layerDigests', 'subject.children'],
  ...['subject.of', 'tag.name', 'tag.from', 'tag.prev', 'image.platform', 'image.created', 'image.diffIds'],
  ...['actor.sub', 'actor.kind', 'actor.method', 'actor.issuer', 'actor.groups', 'actor.jti'],
  ...['actor.evidence', 'token', 'peer.ip', 'peer.host', 'peer.hostBy', 'peer.socket', 'peer.forwarded'],
  ...['peer.tls.names', 'peer.tls.version', 'peer.tls.certSha256', 'peer.ua'],
  ...['build.project', 'build.job', 'build.number', 'build.url', 'build.environment', 'build.event'],
  ...['build.issuer', 'build.evidence', 'source.uri', 'source.commit', 'source.ref', 'source.evidence'],
  ...['operator', 'policy.rules', 'policy.decision', 'policy.digest'],
]);

/** Pairs of a path and its value as text, in the order of the record. */
export function restOf(record: object): readonly (readonly [string, string])[] {
  return flat(record, '').filter(([, value]) => value !== '');
}

function flat(value: object, prefix: string): readonly (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, member]): readonly (readonly [string, string])[] => {
    const path = `${prefix}${name}`;
    if (SHOWN.has(path)) return [];
    if (typeof member !== 'object' || member === null) return [[path, String(member)]];
    if (!Array.isArray(member)) return flat(member, `${path}.`);
    return [
      [path, member.map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one))).join(', ')],
    ];
  });
}
