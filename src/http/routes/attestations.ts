/**
 * /api/v1/attestations: Warden's attestations of what is on record.
 *
 * GET signs and answers them, for who may read the record of the repository. POST has them put beside the image, for who
 * may push there. `attached` shows what lies beside an image, whoever put it there, for who may pull it. The public key
 * is for everyone.
 */
import type { Middleware } from 'koa';
import { z } from 'zod';
import type { Attestor } from '../../attest/attestor.ts';
import { type FoundAttestation, type FoundDeps, findAttestations } from '../../attest/found.ts';
import { publicKeyText } from '../../attest/sign.ts';
import { STATEMENTS, type StatementKind } from '../../attest/statement.ts';
import { WardenError } from '../../errors.ts';
import type { Attached, Attaching, ToAttach } from '../../gate/attach.ts';
import type { VerifiedToken } from '../../gate/deps.ts';
import type { Exchange } from '../../gate/exchange.ts';
import type { Action, Decision } from '../../policy/facts.ts';
import { isDigest, isRepository } from '../../protocol/names.ts';
import { type ApiLoginDeps, identify } from '../api-login.ts';
import { readJson } from '../json-body.ts';
import { requireMethod } from '../require-method.ts';
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

/** The repository and what in it; everything else has a default. */
const asked = z.strictObject({
  repository: z.string().refine(isRepository, 'expected the name of a repository'),
  digest: z.string().refine(isDigest, 'expected sha256: and 64 hex digits'),
  type: z
    .union([z.enum(STATEMENTS), z.array(z.enum(STATEMENTS)).min(1)])
    .default(['release', 'summary'])
    .transform((types): readonly StatementKind[] => [types].flat()),
  /** The record that it is about, where the image was pushed several times. */
  index: z.coerce.number().int().min(0).optional(),
});
const image = asked.pick({ repository: true, digest: true });

export function attestations(deps: AttestationsDeps): Middleware<AppState> {
  return async function attestationsRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'attestations';
    requireMethod(ctx.method, 'GET', 'POST');
    const { subject, tokenAddress, via } = await identify(deps, exchange);
    summary.subject = subject.name;
    const who = { subject, address: tokenAddress, via };
    ctx.set('Cache-Control', 'no-store');
    if (ctx.method === 'GET') {
      const { repository, digest, type, index } = read(asked, ctx.query);
      summary.repository = repository;
      require(deps, exchange, who, { repository, action: 'audit' });
      const push = await deps.attestor.find({ repository, digest, ...(index !== undefined && { index }) });
      const mayRead = (name: string): boolean =>
        deps.judge(exchange, who, { repository: name, action: 'audit' }).verdict === 'granted';
      if (type.includes('push-record') && !deps.isVisible(push.record, mayRead)) {
        const sentence = 'the record names repositories that you may not read, so it is not given whole';
        throw new WardenError('POLICY_DENIED', { sentence });
      }
      ctx.body = { attestations: deps.attestor.attest(push, type) };
      return;
    }
    const { repository, digest, type, index } = await readJson(exchange, asked, deps.bodyTimeoutMs);
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
    for (const one of deps.attestor.attest(push, type)) {
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

export function attachedTo(deps: AttestationsDeps): Middleware<AppState> {
  return async function attachedRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'attestations-attached';
    requireMethod(ctx.method, 'GET');
    const { subject, tokenAddress, via } = await identify(deps, exchange);
    summary.subject = subject.name;
    const { repository, digest } = read(image, ctx.query);
    summary.repository = repository;
    require(deps, exchange, { subject, address: tokenAddress, via }, { repository, action: 'pull' });
    ctx.set('Cache-Control', 'no-store');
    const items: readonly FoundAttestation[] = await findAttestations(deps.found, repository, digest);
    ctx.body = { items };
  };
}

/** For everyone, and without a login: what it checks is public anyway. */
export function attestationKey({ attestor }: Pick<AttestationsDeps, 'attestor'>): Middleware<AppState> {
  return function attestationKeyRoute(ctx) {
    ctx.state.summary.route = 'attestations-key';
    requireMethod(ctx.method, 'GET');
    ctx.type = 'application/x-pem-file';
    ctx.body = publicKeyText(attestor.key.publicKey);
  };
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
