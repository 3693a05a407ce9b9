/** What the index can be asked, by name. A database that runs plans answers all of them. */
import { accepted } from './accepted.ts';
import { appearances, firstPushes, firstWithLayer, manifestDeletions, wholeDigests } from './appearances.ts';
import { baseRepositories, digestsOnBase, imagesOnBase, waysOf } from './bases.ts';
import { count } from './count.ts';
import { entryOf } from './entry-of.ts';
import { find } from './find.ts';
import { imagesOfChain } from './images-of-chain.ts';
import { inForce } from './in-force.ts';
import { manifestState } from './manifest-state.ts';
import { repositories } from './names.ts';
import { refusals } from './refusals.ts';
import { seen } from './seen.ts';
import { sharedTags, tagMovers } from './shared-tags.ts';
import { ranking, series } from './tallies.ts';

export const QUESTIONS = {
  ...{
    accepted,
    appearances,
    baseRepositories,
    count,
    digestsOnBase,
    entryOf,
    find,
    firstPushes,
    imagesOfChain,
    inForce,
  },
  ...{
    imagesOnBase,
    manifestState,
    firstWithLayer,
    manifestDeletions,
    ranking,
    refusals,
    repositories,
    seen,
    series,
    sharedTags,
    tagMovers,
    waysOf,
    wholeDigests,
  },
} as const;
export type QuestionName = keyof typeof QUESTIONS;
