/** What answers are made of, as their schemas have it: the same words mean the same in every answer. */
import { z } from 'zod';

export const moment = z.iso.datetime({ precision: 3 }).describe('RFC 3339, UTC, to the millisecond');
export const number = z.int().min(0);
export const recordIndex = number.describe('index of a record in the log');
export const digest = z
  .string()
  .regex(/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]{32,}$/)
  .describe('digest of a manifest');
export const user = z.string().describe("a user's name; empty is the anonymous one");
