/** The audit questions over HTTP: who may ask them, and what is asked. */
import type { ApiLoginDeps } from '../http/api-login.ts';
import type { AuditDeps } from '../http/routes/audit.ts';
import { decide } from '../policy/decide.ts';
import { type Question, UNKNOWN } from '../policy/facts.ts';
import type { PolicyInForce } from './policy.ts';
import type { OpenedRecord } from './record.ts';
import type { Refusals } from './refusals.ts';

/** What every question to read the record has in common. */
const ASKED = { actions: ['audit'], tag: undefined } as const;

export function auditDeps(parts: {
  readonly api: ApiLoginDeps;
  readonly policy: PolicyInForce;
  readonly record: OpenedRecord;
  readonly refusals: Refusals;
}): AuditDeps {
  const { api, policy, record, refusals } = parts;
  return {
    ...api,
    decide: (facts) => decide(policy.current(), { ...facts, ...ASKED, time: Date.now() }),
    ask: record.audit.ask,
    tellRefusal({ decision, id, ...asked }) {
      const question: Question = { ...asked, ...ASKED, repository: UNKNOWN, time: Date.now() };
      return refusals.tell({ decision, question, id });
    },
  };
}
