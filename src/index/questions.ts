/** What the index can be asked, by name. A database that runs plans answers all of them. */
import { accepted } from './accepted.ts';
import { find } from './find.ts';
import { imagesOfChain } from './images-of-chain.ts';

export const QUESTIONS = { accepted, find, imagesOfChain } as const;
export type QuestionName = keyof typeof QUESTIONS;
