/** Who asks, may they, and does their token say so: the three answers a registry request needs, in this order. */
import { WardenError } from '../errors.ts';
import type { Decision, Question } from '../policy/facts.ts';
import { bearerToken, writeChallenge } from '../protocol/challenge.ts';
import { buildOf } from './build-facts.ts';
import type { GateDeps, Judgement, VerifiedToken } from './deps.ts';
import type { Exchange, Summary } from './exchange.ts';
import { type Need, scopeText } from './needs.ts';
import { actorOf, peerOf, policyOf, rulesOf } from './record-facts.ts';

/** @throws {WardenError} TOKEN_MISSING, TOKEN_INVALID or TOKEN_REVOKED with the challenge; Basic credentials count as no token here. */
export function authenticate(deps: GateDeps, exchange: Exchange, need: Need | undefined): VerifiedToken {
  const { authorization, host } = exchange.request.headers;
  const text = bearerToken(authorization);
  const sentBearer = /^bearer\b/i.test(authorization ?? '');
  const token = text === undefined ? undefined : deps.verify(text);
  if (token !== undefined && token !== 'revoked') return token;
  const challenge = writeChallenge({
    ...deps.realm(host),
    ...(need && { scope: scopeText(need.scope) }),
    ...(sentBearer && { error: 'invalid_token' as const }),
  });
  if (token === 'revoked') {
    throw new WardenError('TOKEN_REVOKED', { headers: { 'WWW-Authenticate': challenge } });
  }
  throw new WardenError(sentBearer ? 'TOKEN_INVALID' : 'TOKEN_MISSING', {
    headers: { 'WWW-Authenticate': challenge },
  });
}

/**
 * Asks policy with all the facts of this request.
 *
 * @throws {WardenError} POLICY_DENIED with the sentence for the person, TOKEN_INSUFFICIENT where policy would grant but
 *   the token does not cover it (clients then widen their token and come again).
 */
export function authorize(
  deps: GateDeps,
  exchange: Exchange,
  token: VerifiedToken,
  need: Need,
  summary: Summary,
): Judgement {
  const question = questionOf(deps, exchange, token, need);
  const decision = deps.decide(question);
  summary.rules = rulesOf(decision);
  if (typeof need.tag === 'string') summary.tag = need.tag;
  // Rules with `enforce: false`: what they would have decided is told, so that they can be tried before they count.
  if (decision.observed.length > 0)
    exchange.log.info(
      {
        observed: decision.observed,
        question: { ...question, tag: String(question.tag), repository: String(question.repository) },
      },
      'rules that are only tried',
    );
  if (!allows(decision, need)) {
    deps.metrics.decision(need.action, 'refused');
    const sentence = deps.tellRefusal({ decision, question, id: exchange.id });
    if (need.writes) recordRefusal(deps, exchange, token, need, { question, decision });
    throw new WardenError('POLICY_DENIED', { sentence });
  }
  if (!covers(token, need)) {
    const challenge = writeChallenge({
      ...deps.realm(exchange.request.headers.host),
      scope: scopeText(need.scope),
      error: 'insufficient_scope',
    });
    throw new WardenError('TOKEN_INSUFFICIENT', { headers: { 'WWW-Authenticate': challenge } });
  }
  deps.metrics.decision(need.action, 'granted');
  return { question, decision };
}

/** What policy is asked of this request's sender: the facts of who and from where are the same whatever is asked. */
export function questionOf(
  { now }: Pick<GateDeps, 'now'>,
  { client, request }: Exchange,
  { subject, address }: VerifiedToken,
  { repository, actions, tag }: Pick<Question, 'repository' | 'actions' | 'tag'>,
): Question {
  return {
    subject,
    address: client.address,
    tokenAddress: address,
    repository,
    actions,
    tag,
    time: now(),
    client: request.headers['user-agent'],
    certificates: client.certificate?.names ?? [],
  };
}

/** Whether the source of a mount may be pulled: by policy, and by the token, which is an upper bound for this as well. */
export function mayPull(
  deps: GateDeps,
  exchange: Exchange,
  token: VerifiedToken,
  repository: string,
): boolean {
  const decision = deps.decide(
    questionOf(deps, exchange, token, { repository, actions: ['pull'], tag: undefined }),
  );
  const scope = { type: 'repository', name: repository, actions: ['pull'] } as const;
  return decision.verdict === 'granted' && covers(token, { scope });
}

function allows(decision: Decision, need: Need): boolean {
  return decision.verdict === 'granted' || (need.provisional && decision.verdict === 'possible');
}

function covers(token: VerifiedToken, { scope }: Pick<Need, 'scope'>): boolean {
  // A push is asked for as `pull,push` and granted as such; what counts is the word that is more than reading.
  const needed = scope.actions.filter((action) => action !== 'pull' || scope.actions.length === 1);
  const entries = token.access.filter((entry) => entry.type === scope.type && entry.name === scope.name);
  return needed.every((action) => entries.some((entry) => entry.actions.includes(action)));
}

function recordRefusal(
  deps: GateDeps,
  exchange: Exchange,
  token: VerifiedToken,
  need: Need,
  judgement: Judgement,
): void {
  const { tag } = judgement.question;
  deps.recorder.refused({
    action: need.action,
    reason: 'POLICY_DENIED',
    ...(typeof need.repository === 'string' && { subject: { repo: need.repository } }),
    ...(typeof tag === 'string' && { tag: { name: tag } }),
    actor: actorOf(token),
    peer: peerOf(exchange, judgement.decision),
    token: { ip: token.address },
    ...(token.via.grant !== undefined && { grant: token.via.grant }),
    ...buildOf(token.subject),
    policy: policyOf(judgement, deps.policyDigest(), exchange.id),
  });
}
