/**
 * /api/v1/attestations: Warden's attestations of what is on record.
 *
 * GET signs and answers them, for who may read the record of the repository. POST has them put beside the image, for who
 * may push there. `attached` shows what lies beside an image, whoever put it there, for who may pull it. The public key
 * is for everyone.
 */
import type { Middleware } from 'koa';
import type { z } from 'zod';
import type { Attestor } from '../../attest/attestor.ts';
import { type FoundAttestation, type FoundDeps, findAttestations } from '../../attest/found.ts';
import { publicKeyText } from '../../attest/sign.ts';
import { WardenError } from '../../errors.ts';
import type { Attached, Attaching, ToAttach } from '../../gate/attach.ts';
import type { VerifiedToken } from '../../gate/deps.ts';
import type { Exchange } from '../../gate/exchange.ts';
import type { Action, Decision } from '../../policy/facts.ts';
import { attestationOperations } from '../api/attestations.ts';
import { type ApiLoginDeps, identify } from '../api-login.ts';
import { readJson } from '../json-body.ts';
import type { AppState } from '../state.ts';

export interface AttestationsDeps extends ApiLoginDeps {
  readonly attestor: Attestor;
  readonly found: FoundDeps;
  readonly judge: (
    exchange: Exchange,
    who: Pick<VerifiedToken, 'subject' | 'address' | 'via'>,
    asked: { readonly repository: string; readonly action: Action },
  ) => Decision;
  readonly tellRefusal: (
    exchange: Exchange,
    who: Pick<VerifiedToken, 'subject' | 'address' | 'via'>,
    refused: { readonly repository: string; readonly action: Action; readonly decision: Decision },
  ) => string;
  /** Whether the record names nothing that this reader may not see. */
  readonly isVisible: (record: unknown, mayRead: (repository: string) => boolean) => boolean;
  readonly attach: (
    attaching: Pick<Attaching, 'exchange' | 'summary' | 'token'>,
    wanted: ToAttach,
  ) => Promise<Attached>;
  readonly bodyTimeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const HOUR_SECONDS = 3_600;

export function attestationHandlers(deps: AttestationsDeps) {
  return {
    attest: attest(deps),
    attachAttestations: attach(deps),
    findAttestations: findAttached(deps),
    attestationKey: attestationKey(deps),
  };
}

function attest(deps: AttestationsDeps): Middleware<AppState> {
  return async function attestRoute(ctx) {
    const { exchange, summary } = ctx.state;
    const who = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    const { repository, digest, type, index } = read(attestationOperations.attest.query, ctx.query);
    summary.repository = repository;
    require(deps, exchange, who, { repository, action: 'audit' });
    const push = await deps.attestor.find({ repository, digest, ...(index !== undefined && { index }) });
    const mayRead = (name: string): boolean =>
      deps.judge(exchange, who, { repository: name, action: 'audit' }).verdict === 'granted';
    if (type.includes('push-record') && !deps.isVisible(push.record, mayRead)) {
      const sentence = 'the record names repositories that you may not read, so it is not given whole';
      throw new WardenError('POLICY_DENIED', { sentence });
    }
    ctx.body = { attestations: await deps.attestor.attest(push, type) };
  };
}

function attach(deps: AttestationsDeps): Middleware<AppState> {
  return async function attachRoute(ctx) {
    const { exchange, summary } = ctx.state;
    const who = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    const { body } = attestationOperations.attachAttestations;
    const { repository, digest, type, index } = await readJson(exchange, body, deps.bodyTimeoutMs);
    summary.repository = repository;
    if (type.includes('push-record')) {
      const sentence = 'type: a push record names people and addresses, and is not put where all may pull it';
      throw new WardenError('FILTER_MALFORMED', { sentence });
    }
    const token = {
      ...who,
      jti: exchange.id,
      expiresAt: Math.floor(deps.now() / 1000) + HOUR_SECONDS,
    };
    // Before anything is said about the record: who may push here may know what was pushed.
    require(deps, exchange, who, { repository, action: 'create' });
    const push = await deps.attestor.find({ repository, digest, ...(index !== undefined && { index }) });
    const attached = [];
    for (const one of await deps.attestor.attest(push, type)) {
      const wanted: ToAttach = {
        repository,
        subject: push.record.subject,
        mediaType: one.bundle.mediaType,
        bytes: Buffer.from(JSON.stringify(one.bundle)),
        annotations: {
          'dev.sigstore.bundle.content': 'dsse-envelope',
          'dev.sigstore.bundle.predicateType': one.predicateType,
          // Of the push and not of now, so that the same is known again.
          'org.opencontainers.image.created': push.record.time,
        },
      };
      const { digest: at, already } = await deps.attach({ exchange, summary, token }, wanted);
      attached.push({ predicateType: one.predicateType, index: push.index, digest: at, already });
    }
    ctx.body = { attached };
  };
}

function findAttached(deps: AttestationsDeps): Middleware<AppState> {
  return async function attachedRoute(ctx) {
    const { exchange, summary } = ctx.state;
    const who = await askerOf(deps, ctx.state);
    const { repository, digest } = read(attestationOperations.findAttestations.query, ctx.query);
    summary.repository = repository;
    require(deps, exchange, who, { repository, action: 'pull' });
    ctx.set('Cache-Control', 'no-store');
    const items: readonly FoundAttestation[] = await findAttestations(deps.found, repository, digest);
    ctx.body = { items };
  };
}

/** For everyone, and without a login: what it checks is public anyway. */
function attestationKey({ attestor }: Pick<AttestationsDeps, 'attestor'>): Middleware<AppState> {
  return function attestationKeyRoute(ctx) {
    ctx.type = 'application/x-pem-file';
    ctx.body = publicKeyText(attestor.key.publicKey);
  };
}

/** @throws {WardenError} as identify. */
async function askerOf(deps: AttestationsDeps, { exchange, summary }: AppState) {
  const { subject, tokenAddress, via } = await identify(deps, exchange);
  summary.subject = subject.name;
  return { subject, address: tokenAddress, via };
}

/** @throws {WardenError} POLICY_DENIED */
function require(
  deps: AttestationsDeps,
  exchange: Exchange,
  who: Pick<VerifiedToken, 'subject' | 'address' | 'via'>,
  asks: { readonly repository: string; readonly action: Action },
): void {
  const decision = deps.judge(exchange, who, asks);
  // What a tag could still turn is judged again, with all facts, where it is written.
  if (decision.verdict === 'granted' || (asks.action === 'create' && decision.verdict === 'possible')) return;
  throw new WardenError('POLICY_DENIED', {
    sentence: deps.tellRefusal(exchange, who, { ...asks, decision }),
  });
}

/** @throws {WardenError} FILTER_MALFORMED that names the first parameter which is wrong. */
function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join('.') || 'the parameters';
  throw new WardenError('FILTER_MALFORMED', { sentence: `${where}: ${issue?.message ?? 'not understood'}` });
}
