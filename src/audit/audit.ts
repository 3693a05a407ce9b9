/** Answers an auditor's questions, with what this reader may see and nothing else. */
import { WardenError } from '../errors.ts';
import type { RawFilters } from './parameters.ts';
import type { AuditParts, Page } from './question.ts';
import { QUESTIONS } from './questions.ts';
import type { MayRead } from './visible-parts.ts';

export type { Page } from './question.ts';
export type { PullItem } from './questions/pulls.ts';
export type { PushItem } from './record-pages.ts';

export interface Audit {
  /**
   * Reads the parameters and answers, in the form that the API and `--json` give.
   *
   * @param name of one of QUESTIONS.
   * @throws {WardenError} FILTER_MALFORMED that names the parameter; OVERLOADED while the index is being made.
   */
  ask(name: string, raw: RawFilters, mayRead: MayRead): Promise<Page<unknown>>;
}

export function createAudit(parts: AuditParts): Audit {
  return {
    async ask(name, raw, mayRead) {
      const question = QUESTIONS.find((one) => one.name === name);
      if (!question) throw new WardenError('INTERNAL', { cause: new Error(`no question ${name}`) });
      return question.ask(parts, raw, mayRead);
    },
  };
}
