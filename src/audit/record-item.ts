/** A record as answers show it: the schema of a leaf, with what is added to it. */
import { z } from 'zod';
import { recordSchema } from '../provenance/record.ts';
import { digest, recordIndex } from './answer-facts.ts';

/** What the API adds to records of any question, and what some questions add. */
const added = {
  index: recordIndex.describe('of the record in the log'),
  proof: z
    .string()
    .describe('with proof=true: a C2SP tlog-proof, unless the record is not signed yet')
    .exactOptional(),
  leaf: z
    .string()
    .describe("of `record`: the leaf's own text, where the reader may see all of it")
    .exactOptional(),
  as: z
    .enum(['manifest', 'config', 'child', 'of'])
    .describe('of `image`: what the digest is to this record')
    .exactOptional(),
  distance: z.int().min(1).describe('of `built-on`: 1 is directly on it').exactOptional(),
  evidence: z
    .enum(['observed', 'claimed'])
    .describe("of `built-on`: claimed where somebody's word is all there is, at one step of the way at least")
    .exactOptional(),
};

const [first, ...rest] = recordSchema.options;
const items = [first.extend(added), ...rest.map((one) => one.extend(added))] as const;
export const recordItem = z.discriminatedUnion('type', items);

/** By a name for each: `RecordPushAccepted` of push.accepted; and what any record is. */
export const RECORD_ITEMS: Readonly<Record<string, z.ZodType>> = {
  Record: recordItem,
  ...Object.fromEntries(items.map((one) => [nameOf(one.shape.type.value), one])),
};

function nameOf(type: string): string {
  return `Record${type.replace(/(?:^|[.-])([a-z])/g, (_, letter: string) => letter.toUpperCase())}`;
}

/** Of the page of `image`. */
export const imagePage = {
  digest: digest.or(z.string()).describe('whole, where anything of it is shown'),
  first: recordItem
    .describe('the first push of exactly this manifest that the asker may see')
    .exactOptional(),
};
