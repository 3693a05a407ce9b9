/** Revocations in the documents: what outlasts a restart, and what a command beside the server writes. */
import { DocumentExists, type DocumentStore } from '../store/documents.ts';
import { includes, type Revocation, revocationKey, revocationSchema, widest } from './revocation.ts';
import type { RevocationSource } from './revocations.ts';

const KIND = 'revocation';

export function createStoredRevocations(store: DocumentStore): RevocationSource {
  const documents = store.of<Revocation>(KIND);
  let seen: number | undefined;

  return {
    name: 'the store',
    async read() {
      // Before the list: what is written in between is read again the next time, and never missed.
      const revision = await store.revision(KIND);
      if (revision === seen) return undefined;
      const list = (await documents.list()).map(({ body }) => revocationSchema.parse(body));
      seen = revision;
      return list;
    },
    async add(revocation) {
      const id = revocationKey(revocation);
      const subject = revocation.kind === 'subject' ? revocation.id : '';
      // Until one write meets nobody else's; each round somebody has got further.
      for (;;) {
        const found = await documents.get(id);
        if (found !== undefined && includes(found.body, revocation)) return;
        const body = widest(revocation, found?.body);
        const next = { expiresAt: body.expiresAt, body };
        if (found === undefined) {
          const made = await documents.create({ id, subject, ...next }).then(
            () => true,
            (error: unknown) => {
              if (error instanceof DocumentExists) return false;
              throw error;
            },
          );
          if (made) return;
        } else if (await documents.replace(id, found.version, next)) return;
      }
    },
    async removeExpired(now) {
      await documents.removeExpired(now);
    },
  };
}
