/** Attestations over HTTP: who may have them made, and what they are made from. */
import { createAttestor } from '../attest/attestor.ts';
import { pushesOfRecord } from '../attest/pushes-of.ts';
import type { PushOnRecord } from '../attest/statement.ts';
import { visibleParts } from '../audit/visible-parts.ts';
import { authorityOf } from '../config/settings.ts';
import { attach } from '../gate/attach.ts';
import { questionOf } from '../gate/authorize.ts';
import type { GateDeps } from '../gate/deps.ts';
import { knownReferrers } from '../gate/known-referrers.ts';
import { createPushesUnderWay } from '../gate/pushes-under-way.ts';
import type { AttestationsDeps } from '../http/routes/attestations.ts';
import { decide } from '../policy/decide.ts';
import type { Action } from '../policy/facts.ts';
import type { Loaded } from '../preflight.ts';
import type { Logins } from './logins.ts';
import type { Part } from './part.ts';
import type { PolicyInForce } from './policy.ts';
import type { OpenedRecord } from './record.ts';
import type { Refusals } from './refusals.ts';
import type { Tokens } from './tokens.ts';

/** @returns undefined where the settings have no key for them. */
export function attestationDeps(
  { settings }: Part,
  parts: {
    readonly loaded: Pick<Loaded, 'attestationKey'>;
    readonly gateDeps: GateDeps;
    readonly logins: Logins;
    readonly tokens: Tokens;
    readonly policy: PolicyInForce;
    readonly record: OpenedRecord;
    readonly refusals: Refusals;
  },
): AttestationsDeps | undefined {
  const { loaded, gateDeps, logins, tokens, policy, record, refusals } = parts;
  const key = loaded.attestationKey;
  if (key === undefined || settings.attestations === undefined) return undefined;
  const { registry } = gateDeps;
  const underWay = createPushesUnderWay(gateDeps.recorder.newId, gateDeps.now);
  const questionAbout = (
    exchange: Parameters<AttestationsDeps['judge']>[0],
    who: Parameters<AttestationsDeps['judge']>[1],
    { repository, action }: { readonly repository: string; readonly action: Action },
  ) => {
    const token = { ...who, jti: exchange.id, expiresAt: 0, access: [] };
    return questionOf(gateDeps, exchange, token, { repository, actions: [action], tag: undefined });
  };
  return {
    ...logins.deps,
    verify: tokens.verifyApi,
    bodyTimeoutMs: settings.clients.bodySeconds * 1000,
    now: Date.now,
    attestor: createAttestor({
      key,
      context: {
        registry: authorityOf(settings.publicUrl),
        publicUrl: settings.publicUrl,
        levelPrefix: settings.attestations.levelPrefix,
      },
      pushesOf: pushesOfRecord(record.audit, record.reader),
    }),
    found: {
      async readManifest(repository, reference) {
        const answer = await registry.readManifest(repository, reference);
        return (
          answer && {
            mediaType: answer.headers['content-type'],
            ...(answer.bytes && { bytes: answer.bytes }),
          }
        );
      },
      readBlob: registry.readBlob,
      referrersOf: (repository, digest) => knownReferrers(registry, repository, digest),
      async inIndexes(repository, digest) {
        const page = await record.audit.ask(
          'pushes',
          { repository, digest, type: 'push.accepted' },
          () => true,
        );
        return (page.items as unknown as readonly PushOnRecord['record'][]).flatMap(({ attest = [] }) =>
          attest.filter(({ of }) => of === digest).map((one) => one.digest),
        );
      },
      publicKey: key.publicKey,
    },
    judge: (exchange, who, asked) => decide(policy.current(), questionAbout(exchange, who, asked)),
    tellRefusal: (exchange, who, { decision, ...asked }) =>
      refusals.tell({ decision, question: questionAbout(exchange, who, asked), id: exchange.id }),
    isVisible: (whole, mayRead) =>
      JSON.stringify(visibleParts(whole as PushOnRecord['record'], mayRead)) === JSON.stringify(whole),
    attach: (attaching, wanted) => attach({ ...attaching, deps: gateDeps, underWay }, wanted),
  };
}
