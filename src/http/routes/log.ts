/**
 * GET /api/v1/log/…: the signed tree of the record, in the layout of C2SP tlog-tiles, and proofs.
 *
 * Checkpoints and hashes tell nothing of what is recorded: whoever may read the record of any repository gets them.
 * Bundles hold every record, so they are for those who may read of every repository.
 *
 * @see https://c2sp.org/tlog-tiles
 */
import type { Context, Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import { toBase64 } from '../../tlog/base64.ts';
import { parseTilePath } from '../../tlog/tile.ts';
import type { ServedLog } from '../../transparency/served-log.ts';
import { logOperations } from '../api/log.ts';
import { type Auditor, type AuditorDeps, identifyAuditor } from '../auditor.ts';
import { readQuery } from '../query.ts';
import type { AppState } from '../state.ts';

export interface LogDeps {
  readonly audit: AuditorDeps;
  /** Undefined where no tree is signed. */
  readonly served: ServedLog | undefined;
  /** Verifier keys as text: those of the log, then those of its witnesses. A reader gets them a second way, or keeps them. */
  readonly keys: readonly string[];
  /** Where the record with this id stands. */
  readonly find: (id: string) => Promise<{ readonly index: number; readonly repository: string } | undefined>;
}

const LOG_PREFIX = '/api/v1/log/';

/** In seconds: a checkpoint is new each second, a tile that is full never again. */
const FRESH = 'private, max-age=1';
const FINAL = 'private, max-age=31536000, immutable';

export function logHandlers(deps: LogDeps) {
  const text = (textOf: (served: ServedLog, ctx: Context, auditor: Auditor) => Promise<string | undefined>) =>
    logRoute(deps, async (ctx, served, auditor) => answerText(ctx, await textOf(served, ctx, auditor)));
  return {
    readCheckpoint: text((served) => served.checkpoint(false)),
    readCosignedCheckpoint: text((served) => served.checkpoint(true)),
    readLogKeys: text(async () => deps.keys.map((key) => `${key}\n`).join('')),
    readProof: text((served, ctx, auditor) => proof(deps, served, ctx, auditor)),
    readConsistency: text((served, ctx) => consistency(served, ctx)),
    readTile: logRoute(deps, answerTile),
  };
}

function logRoute(
  deps: LogDeps,
  answer: (ctx: Context, served: ServedLog, auditor: Auditor) => Promise<void>,
): Middleware<AppState> {
  return async function logRouteMiddleware(ctx) {
    const auditor = await identifyAuditor(deps.audit, ctx.state);
    const { served } = deps;
    if (served === undefined)
      throw new WardenError('LOG_PART_UNKNOWN', { sentence: 'no tree of the record is signed here' });
    await answer(ctx, served, auditor);
  };
}

function answerText(ctx: Context, text: string | undefined): void {
  if (text === undefined) throw new WardenError('LOG_PART_UNKNOWN');
  ctx.set('Cache-Control', FRESH);
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = text;
}

async function answerTile(ctx: Context, served: ServedLog, { everything }: Auditor): Promise<void> {
  const place = parseTilePath(ctx.path.slice(LOG_PREFIX.length));
  if (place === undefined) throw new WardenError('LOG_PART_UNKNOWN');
  if (place.level === 'entries' && !everything) {
    throw new WardenError('POLICY_DENIED', {
      sentence: 'bundles hold the records of every repository: they are for those whom a rule lets audit all',
    });
  }
  const gzip = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  const part = await served.part(place, gzip);
  if (part === undefined) throw new WardenError('LOG_PART_UNKNOWN');
  ctx.set('Cache-Control', part.final ? FINAL : FRESH);
  ctx.set('Vary', 'Accept-Encoding, Authorization, Cookie');
  if (part.gzip) ctx.set('Content-Encoding', 'gzip');
  ctx.type = 'application/octet-stream';
  ctx.body = Buffer.from(part.bytes);
}

/** By index, or by the id of a record that the reader may see. */
async function proof(
  deps: LogDeps,
  served: ServedLog,
  ctx: Context,
  auditor: Auditor,
): Promise<string | undefined> {
  const { index, id } = readQuery(logOperations.readProof.query, ctx.query);
  if ((index === undefined) === (id === undefined)) throw malformed('expected index or id, one of them');
  if (index !== undefined) return served.proof(index);
  const found = await deps.find(id ?? '');
  // Which ids exist is told to those alone who may see the record.
  const visible = found !== undefined && auditor.mayRead(found.repository);
  return visible ? served.proof(found.index) : undefined;
}

async function consistency(served: ServedLog, ctx: Context): Promise<string | undefined> {
  const { from, to } = readQuery(logOperations.readConsistency.query, ctx.query);
  const hashes = await served.consistency(from, to);
  return hashes?.map((hash) => `${toBase64(hash)}\n`).join('');
}

function malformed(sentence: string): WardenError {
  return new WardenError('FILTER_MALFORMED', { sentence });
}
