/** Who pulled images that were built on a base: what a withdrawn base still runs on. */
import { z } from 'zod';
import type { FoundPull } from '../../inventory/pull.ts';
import { basesAsked } from '../bases-asked.ts';
import { limitOf, networkOf, parameter, parseDigest, spanOf } from '../parameters.ts';
import type { AuditParts, Question } from '../question.ts';
import { base } from './built-on.ts';
import { PULLS_COLUMNS, type PullItem, pullItem, pullPage, pullsParameters, visibleAmong } from './pulls.ts';

const { repository, tag, user, host, address, network, since, until, limit, cursor } = pullsParameters.shape;
const parameters = z.strictObject({
  base,
  lacking: parameter(
    'a newer base: leaves out images that were built on this one too',
    'sha256: and at least 7 of its hex digits (sha256: can be left out)',
    parseDigest,
  ),
  latest: parameter(
    'yes: only what is the latest that this machine pulled under that name',
    'yes or no',
    (text) => (text === 'yes' ? true : text === 'no' ? false : undefined),
  ),
  ...{ repository, tag, user, host, address, network, since, until, limit, cursor },
});
export type BasePullsQuery = z.output<typeof parameters>;

/** Images on a base whose pulls are looked up by digest; of more, the pulls are gone through from the latest. */
const FEW = 500;

export const basePulls: Question<BasePullsQuery, PullItem> = {
  name: 'base-pulls',
  summary: 'who pulled images that were built on a base, last pulled first',
  parameters,
  item: pullItem,
  columns: PULLS_COLUMNS,
  async answer(parts, { base: asked, lacking, latest, ...query }, mayRead) {
    const { index, inventory } = parts;
    const bases = await basesAsked(parts, asked, mayRead);
    const newer = lacking === undefined ? undefined : await basesAsked(parts, lacking, mayRead);
    const { answer: few } = await index.ask('imagesOnBase', { bases, limit: FEW });
    const filters = {
      ...(query.repository !== undefined && { repository: query.repository }),
      ...(query.tag !== undefined && { tag: query.tag }),
      ...(query.user !== undefined && { user: query.user }),
      ...(query.host !== undefined && { host: query.host }),
      ...networkOf(query),
      ...spanOf(query, parts.now()),
      ...(few !== undefined && { digests: few }),
      ...(await visibleAmong(inventory, mayRead)),
    };
    return pullPage(
      (size, after) => inventory.find({ filters, limit: size, ...(after && { after }) }),
      limitOf(query),
      query.cursor,
      async (rows) => {
        const on = await onBase(parts, bases, rows);
        const out = newer === undefined ? new Set<string>() : await onBase(parts, newer, rows);
        const wanted = rows.filter(({ digest }) => on.has(digest) && !out.has(digest));
        return new Set(latest ? await latestOnly(parts, wanted) : wanted);
      },
    );
  },
};

async function onBase(
  { index }: AuditParts,
  bases: readonly string[],
  rows: readonly FoundPull[],
): Promise<ReadonlySet<string>> {
  const digests = [...new Set(rows.map(({ digest }) => digest))];
  return new Set((await index.ask('digestsOnBase', { bases, digests })).answer);
}

/** Without those after which the same machine pulled something else under the same name. */
async function latestOnly(
  { inventory }: AuditParts,
  rows: readonly FoundPull[],
): Promise<readonly FoundPull[]> {
  const kept: FoundPull[] = [];
  for (const row of rows) {
    const { repository: name, reference, host: machine, address: from } = row;
    // Whoever asks for a digest gets that one for ever.
    if (reference.includes(':')) {
      kept.push(row);
      continue;
    }
    const where = machine === undefined ? { network: from } : { host: machine };
    const [newest] = await inventory.find({
      filters: { repository: name, tag: reference, ...where },
      limit: 1,
    });
    if (newest === undefined || newest.digest === row.digest) kept.push(row);
  }
  return kept;
}
