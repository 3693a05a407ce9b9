/** What answers of the API have in common. */
import { z } from 'zod';
import { catalogue } from '../../errors.ts';

export { digest, moment, number } from '../../audit/answer-facts.ts';
export const texts = z.array(z.string());

/** A list that has no pages. */
export function listOf(item: z.ZodType) {
  return z.strictObject({ items: z.array(item) });
}

const codes = [...new Set(Object.values(catalogue).map(({ code }) => code))].sort();
const names = Object.keys(catalogue).sort();
/** The envelope of the distribution specification, for every refusal. */
export const errors = z.strictObject({
  errors: z
    .array(
      z.strictObject({
        code: z.enum(codes).describe('as registry clients know it'),
        message: z.string().describe('one sentence for a person; its words may change'),
        detail: z
          .strictObject({ error: z.enum(names).describe('the name of the error, as in docs/errors.md') })
          .describe('not at the token endpoint, whose clients show it in place of the message')
          .exactOptional(),
      }),
    )
    .length(1),
});
