import { expect } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { FINDINGS, type Site } from './site.ts';

/** The registry tries again after a pause where it was not answered in time, and so does Warden. */
const PATIENCE_MS = 60_000;

/** What comes round Warden, and what goes, is soon on record where the registry tells of it: each once. */
export async function expectNotedWhenTold(site: Site): Promise<void> {
  await site.push('pub', 'mine');
  const image = await site.pushAround('pub', 'theirs');
  await eventually(
    () => site.records('manifest.found').length,
    (found) => found === 1,
    PATIENCE_MS,
  );
  expect(site.records('tag.drift')).toMatchObject([
    { subject: { digest: image.digest }, tag: { name: 'theirs' } },
  ]);
  await site.deleteAround('pub', image.digest);
  await eventually(
    () => site.records('manifest.missing').length,
    (missing) => missing === 1,
    PATIENCE_MS,
  );
  // Whether the tag is told of as well is the registry's to decide.
  await eventually(
    async () => (await site.front.operations('/metrics')).text,
    (metrics) => metrics.includes(`\nwarden_record_differences_total ${site.records(...FINDINGS).length}\n`),
  );
}
