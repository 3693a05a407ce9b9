/** The shape of a file of cases: questions to the policy with the answers that are expected. */
import { z } from 'zod';

/** null: unknown, whatever the defaults say. */
const text = z.string().nullable().optional();
/** A list stands for one question for each entry. */
const texts = z
  .union([z.string(), z.array(z.string()).min(1)])
  .nullable()
  .optional();
const names = z.array(z.string().min(1)).optional();

const facts = {
  user: texts.describe('Who asks; left out, or "": someone without a login. One of `people`, or a name.'),
  groups: names.describe('Groups of the user; left out: those of `people`.'),
  kind: text.describe('person, robot or build.'),
  method: text.describe('How the user has logged in.'),
  build: z.record(z.string(), z.string()).optional().describe('Claims of a build.'),
  from: texts.describe('The client: an address, or a host of the policy. Left out: unknown.'),
  tokenFrom: text.describe('Where the token was fetched; left out: as `from`.'),
  repository: texts.describe('What it is about.'),
  action: texts.describe('What is done: pull, push, create, overwrite, delete, …'),
  tag: texts.describe('The tag that is written; "" for a push by digest. Left out: unknown for a push.'),
  time: texts.describe('When: 2026-12-24 12:00 Europe/Berlin. Left out: unknown.'),
  client: texts.describe('The User-Agent; "" for none. Left out: unknown.'),
  certificate: text.describe('The name in the client certificate; left out: none.'),
  approved: z.boolean().optional().describe('Has a push grant that somebody else approved; left out: no.'),
};

const expected = {
  expect: z.enum(['granted', 'refused', 'possible']).optional().describe('The answer.'),
};

const person = z.strictObject({
  groups: names,
  kind: z.string().optional(),
  method: z.string().optional(),
  build: z.record(z.string(), z.string()).optional(),
});

export const casesDocument = z.strictObject({
  people: z
    .record(z.string().min(1), person)
    .optional()
    .describe('Users that the cases name, with their groups.'),
  defaults: z
    .strictObject({ ...facts, ...expected })
    .optional()
    .describe('Of every case that says nothing else.'),
  cases: z
    .array(
      z.strictObject({
        name: z.string().min(1).optional().describe('Says what the case is about.'),
        ...facts,
        ...expected,
        rules: z.array(z.string().min(1)).optional().describe('The rules that decide it, all of them.'),
        message: z.string().min(1).optional().describe('A part of what the refused person reads.'),
      }),
    )
    .min(1),
});

export type CasesDocument = z.output<typeof casesDocument>;
export type CaseContent = CasesDocument['cases'][number];
