/** All questions, in the order in which help lists them. */
import { type AskedQuestion, asked } from './asked-question.ts';
import { pulls } from './questions/pulls.ts';
import { pushes } from './questions/pushes.ts';

export const QUESTIONS: readonly AskedQuestion[] = [asked(pushes), asked(pulls)];
