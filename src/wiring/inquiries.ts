/** Questions about the policy over HTTP: who may ask them, and what is asked. */
import type { ApiLoginDeps } from '../http/api-login.ts';
import type { PolicyAsker } from '../http/policy-asker.ts';
import type { PolicyDeps } from '../http/routes/policy.ts';
import { createInquiries } from '../inquiry/inquiries.ts';
import { decide } from '../policy/decide.ts';
import { type Action, type Question, UNKNOWN } from '../policy/facts.ts';
import type { Database } from '../store/postgres-file.ts';
import type { Logins } from './logins.ts';
import type { Part } from './part.ts';
import type { PolicyInForce } from './policy.ts';
import type { Refusals } from './refusals.ts';

export function policyDeps(
  { settings, endings }: Part,
  parts: {
    readonly api: ApiLoginDeps;
    readonly logins: Pick<Logins, 'users'>;
    readonly policy: PolicyInForce;
    readonly refusals: Refusals;
    readonly database: Database | undefined;
  },
): PolicyDeps {
  const { api, logins, policy, refusals } = parts;
  const { store } = settings;
  const database = store && parts.database && { ...parts.database, timeoutMs: store.timeoutSeconds * 1000 };
  const inquiries = createInquiries();
  endings.defer(() => inquiries.close());
  const questionOf = (asker: PolicyAsker, action: Action): Question => ({
    ...asker,
    actions: [action],
    repository: UNKNOWN,
    tag: undefined,
    time: Date.now(),
  });
  return {
    ...api,
    decide: (asker, action) => decide(policy.current(), questionOf(asker, action)),
    tellRefusal: (asker, { decision, action, id }) =>
      refusals.tell({ decision, question: questionOf(asker, action), id }),
    async ask(kind, raw) {
      const list = await logins.users();
      const users = new Map([...list].map(([name, { groups }]) => [name, { groups }]));
      const { digest } = policy.current();
      const now = Date.now();
      return inquiries.ask({ kind, raw, folder: settings.data, database, live: digest, users, now });
    },
  };
}
