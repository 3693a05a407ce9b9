/** A record as one reader may see it: a record of one repository can name others, which the reader may not know of. */
import type { PushIntent, PushRecord } from '../provenance/record.ts';

/** Whether the reader may see records of a repository; '' asks for what concerns no repository. */
export type MayRead = (repository: string) => boolean;

/**
 * Leaves out the names of repositories that the reader may not see: where blobs were mounted from, what a token was for, in
 * which repository Warden found a base. What the pusher says of the base is a part of the image, and stays.
 * A record without such names is returned as it is.
 */
export function visibleParts(record: PushRecord, mayRead: MayRead): PushRecord {
  let shown = record;
  if ('mounted' in shown && shown.mounted?.some(({ from }) => from !== undefined && !mayRead(from))) {
    const mounted = shown.mounted.map(({ digest, from }) =>
      from === undefined || !mayRead(from) ? { digest } : { digest, from },
    );
    shown = { ...shown, mounted };
  }
  if ('base' in shown && shown.base?.some((one) => !mayNameBase(one, mayRead))) {
    // The digest alone tells that there is a base, and leads nowhere for who may not see it.
    const base = shown.base.map((one) => {
      if (mayNameBase(one, mayRead)) return one;
      const { name: _, ...rest } = one;
      return rest;
    });
    shown = { ...shown, base };
  }
  if ('token' in shown && shown.token?.scopes !== undefined) {
    const { scopes, ...token } = shown.token;
    const kept = scopes.filter((scope) => mayRead(repositoryOf(scope)));
    if (kept.length < scopes.length)
      shown = { ...shown, token: { ...token, ...(kept.length > 0 && { scopes: kept }) } };
  }
  return shown;
}

/** By layers and mounts it is Warden that names the repository, and may have a tag behind it. */
function mayNameBase({ name, by }: NonNullable<PushIntent['base']>[number], mayRead: MayRead): boolean {
  if (name === undefined || (by !== 'layers' && by !== 'mount')) return true;
  return mayRead(name.replace(/:[^:/]*$/, ''));
}

/** Of `repository:name:actions`; '' for a scope of another type, which is about the registry as a whole. */
function repositoryOf(scope: string): string {
  return /^repository:(.+):[^:]*$/.exec(scope)?.[1] ?? '';
}
