/** Finds the pushes of one manifest in the record, with the bytes of their leaves. */
import type { Audit } from '../audit/audit.ts';
import type { LogReader } from '../provenance/log-store.ts';
import type { AcceptedPush, PushOnRecord } from './statement.ts';

/** @returns newest first, as far as the record goes. */
export function pushesOfRecord(
  audit: Pick<Audit, 'ask'>,
  log: Pick<LogReader, 'entries'>,
): (repository: string, digest: string) => AsyncIterable<PushOnRecord> {
  return async function* pushesOf(repository, digest) {
    let cursor: string | undefined;
    do {
      const page = await audit.ask(
        'pushes',
        { repository, digest, type: 'push.accepted', ...(cursor !== undefined && { cursor }) },
        () => true,
      );
      for (const item of page.items as readonly { readonly index: number }[]) {
        const [leaf] = await log.entries(item.index, 1);
        if (leaf === undefined) continue;
        const record = JSON.parse(Buffer.from(leaf).toString('utf8')) as AcceptedPush;
        // The question also finds an index that names it, and an image by its configuration.
        if (record.type === 'push.accepted' && record.subject.digest === digest) {
          yield { index: item.index, record, leaf };
        }
      }
      cursor = page.next;
    } while (cursor !== undefined);
  };
}
