/** The audit questions over HTTP: who may ask them, and what is asked. */
import { actorOf, peerOf } from '../gate/record-facts.ts';
import type { ApiLoginDeps } from '../http/api-login.ts';
import type { AuditDeps } from '../http/routes/audit.ts';
import { decide } from '../policy/decide.ts';
import { type Question, UNKNOWN } from '../policy/facts.ts';
import type { Revocations } from '../revocation/revocations.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';
import type { PolicyInForce } from './policy.ts';
import type { OpenedRecord } from './record.ts';
import type { Refusals } from './refusals.ts';
import type { Transparency } from './transparency.ts';

/** What every question to read the record has in common. */
const ASKED = { actions: ['audit'], tag: undefined } as const;

export function auditDeps(parts: {
  readonly api: ApiLoginDeps;
  readonly revocations: Pick<Revocations, 'revokesLogin'>;
  readonly policy: PolicyInForce;
  readonly record: OpenedRecord;
  readonly refusals: Refusals;
  readonly transparency: Transparency;
}): AuditDeps {
  const { api, policy, record, refusals, revocations, transparency } = parts;
  return {
    ...api,
    revokesLogin: revocations.revokesLogin,
    decide: (facts) => decide(policy.current(), { ...facts, ...ASKED, time: Date.now() }),
    ask: record.audit.ask,
    exports: exportsOf(parts),
    proofOf: transparency.served?.proof,
    tellRefusal({ decision, id, ...asked }) {
      const question: Question = { ...asked, ...ASKED, repository: UNKNOWN, time: Date.now() };
      return refusals.tell({ decision, question, id });
    },
  };
}

function exportsOf({
  record: { audit, reader, recorder },
  transparency: { served, vkeys },
}: {
  readonly record: OpenedRecord;
  readonly transparency: Transparency;
}): AuditDeps['exports'] {
  return {
    pieces: audit.export,
    async tree() {
      const checkpoint = await served?.checkpoint();
      const parsed = checkpoint === undefined ? undefined : parseNote(checkpoint);
      const read = parsed?.ok ? parseCheckpoint(parsed.note.text) : undefined;
      if (served === undefined || checkpoint === undefined || !read?.ok) return undefined;
      const { size } = read.checkpoint;
      return {
        ...{ checkpoint, size, keys: vkeys },
        path: (index) => served.path(index, size),
        leaves: (indexes) =>
          Promise.all(
            indexes.map(async (index) => {
              const [leaf] = await reader.entries(index, 1);
              if (leaf === undefined) throw new Error(`the push log has no entry ${index}`);
              return Buffer.from(leaf).toString('utf8');
            }),
          ),
      };
    },
    async record({ subject, exchange, question, query, format, below, checkpoint }) {
      const { index } = await recorder.append({
        type: 'export.made',
        actor: actorOf({ subject }),
        peer: peerOf(exchange, { host: undefined }),
        export: {
          ...{ question, query, format },
          ...(below !== undefined && { below }),
          ...(checkpoint !== undefined && { checkpoint }),
        },
      });
      return index;
    },
    async recordCut({ subject, exchange, made, items, reason }) {
      await recorder.append({
        type: 'export.cut',
        actor: actorOf({ subject }),
        peer: peerOf(exchange, { host: undefined }),
        cut: { made, items, reason },
      });
    },
  };
}
