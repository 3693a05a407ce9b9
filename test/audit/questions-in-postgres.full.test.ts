/** All that the questions promise holds where record and index are in PostgreSQL, too. */
import { describeNeeding, missing } from '../support/needs.ts';
import { PLACE } from './place.ts';

if (missing('postgres') === undefined) {
  process.env[PLACE] = 'postgres';
  await import('./questions.test.ts');
} else {
  describeNeeding(['postgres'], 'the questions in PostgreSQL', () => undefined);
}
