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
import { systemClock } from '../store/clock.ts';
import type { Logins } from './logins.ts';
import type { Part } from './part.ts';
import type { PolicyInForce } from './policy.ts';
import type { OpenedRecord } from './record.ts';
import type { Refusals } from './refusals.ts';
import type { Tokens } from './tokens.ts';
import type { Transparency } from './transparency.ts';

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
    readonly transparency: Transparency;
  },
): AttestationsDeps | undefined {
  const { loaded, gateDeps, logins, tokens, policy, record, refusals, transparency } = parts;
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
      proofOf: (index) => provedSoon(transparency, index),
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
        // The question answers with such records.
        return (page.items as readonly PushOnRecord['record'][]).flatMap(({ attest = [] }) =>
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

/** Milliseconds, and how often: a record is in the signed tree some moments after it was written. */
const UNSIGNED_MS = 200;
const LOOKS = 15;

/**
 * Who attests right after a push, as a build does, gets the proof as well.
 *
 * @returns undefined where nothing is signed, or not soon: an attestation is good without, and an image not kept waiting.
 */
async function provedSoon({ served, state }: Transparency, index: number): Promise<string | undefined> {
  for (let look = 1; served !== undefined; look++) {
    // Tiles that were damaged are made again meanwhile.
    const proof = await served.proof(index).catch(() => undefined);
    if (proof !== undefined || look >= LOOKS || state()?.trouble !== undefined) return proof;
    await systemClock.sleep(UNSIGNED_MS);
  }
  return undefined;
}
