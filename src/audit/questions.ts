/** All questions, in the order in which help lists them. */
import { type AskedQuestion, asked } from './asked-question.ts';
import { activity } from './questions/activity.ts';
import { basePulls } from './questions/base-pulls.ts';
import { baseRepositories } from './questions/base-repositories.ts';
import { behind } from './questions/behind.ts';
import { builtOn } from './questions/built-on.ts';
import { changes, drift } from './questions/changes.ts';
import { count } from './questions/count.ts';
import { image } from './questions/image.ts';
import { layers } from './questions/layers.ts';
import { pullActivity } from './questions/pull-activity.ts';
import { pulls } from './questions/pulls.ts';
import { pushes } from './questions/pushes.ts';
import { record } from './questions/record.ts';
import { refusals } from './questions/refusals.ts';
import { seen } from './questions/seen.ts';
import { sharedTags } from './questions/shared-tags.ts';
import { tag } from './questions/tag.ts';

export const QUESTIONS: readonly AskedQuestion[] = [
  ...[asked(pushes), asked(count), asked(record), asked(pulls), asked(image), asked(tag), asked(builtOn)],
  ...[asked(baseRepositories), asked(basePulls), asked(refusals), asked(sharedTags), asked(activity)],
  ...[asked(pullActivity), asked(behind), asked(layers), asked(seen), asked(changes), asked(drift)],
];
