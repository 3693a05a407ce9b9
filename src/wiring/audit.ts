/** The audit questions over HTTP: who may ask them, and what is asked. */
import type { AuditDeps } from '../http/routes/audit.ts';
import { decide } from '../policy/decide.ts';
import { type Question, UNKNOWN } from '../policy/facts.ts';
import { describeRefusal } from '../policy/refusal.ts';
import type { Logins } from './logins.ts';
import type { PolicyInForce } from './policy.ts';
import type { OpenedRecord } from './record.ts';
import type { Tokens } from './tokens.ts';

/** What every question to read the record has in common. */
const ASKED = { actions: ['audit'], tag: undefined, certificate: undefined } as const;

export function auditDeps(parts: {
  readonly logins: Logins;
  readonly tokens: Tokens;
  readonly policy: PolicyInForce;
  readonly record: OpenedRecord;
}): AuditDeps {
  const { logins, tokens, policy, record } = parts;
  return {
    ...logins.deps,
    verify: tokens.verifyApi,
    decide: (facts) => decide(policy.current(), { ...facts, ...ASKED, time: Date.now() }),
    ask: record.audit.ask,
    refusalText({ decision, subject, address, id }) {
      const asked = { subject, address, tokenAddress: address, repository: UNKNOWN } as const;
      const question: Question = { ...asked, ...ASKED, time: UNKNOWN, client: UNKNOWN };
      return describeRefusal({ decision, question, decisionId: id });
    },
  };
}
