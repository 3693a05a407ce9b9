/** GET /api/v1/<question>: the record and the inventory, for those whom policy lets read them; a page, or all of it as a file. */
import { Readable } from 'node:stream';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { cutLine, type ExportFormat, type ExportTree } from '../../audit/export.ts';
import { malformed } from '../../audit/parameters.ts';
import { QUESTIONS } from '../../audit/questions.ts';
import { type ErrorName, WardenError } from '../../errors.ts';
import type { Exchange } from '../../gate/exchange.ts';
import type { Subject } from '../../policy/facts.ts';
import { formParameters, questionId } from '../api/questions.ts';
import { type Auditor, type AuditorDeps, identifyAuditor } from '../auditor.ts';
import { type ProofOf, requireProofs, withProofs } from '../page-proofs.ts';
import { createPlaces, type Places } from '../places.ts';
import { readQuery } from '../query.ts';
import type { AppState } from '../state.ts';
import { whileAllowed } from '../while-allowed.ts';

type Raw = Readonly<Record<string, string | readonly string[]>>;

export interface AuditDeps extends AuditorDeps {
  /** Undefined where no tree is signed. */
  readonly proofOf: ProofOf | undefined;
  /** @throws {WardenError} FILTER_MALFORMED */
  readonly ask: (question: string, parameters: Raw, mayRead: Auditor['mayRead']) => Promise<unknown>;
  readonly exports: {
    /** The whole answer, piece by piece. @throws {WardenError} FILTER_MALFORMED with the first. */
    readonly pieces: (
      question: string,
      request: {
        readonly raw: Raw;
        readonly format: ExportFormat;
        readonly mayRead: Auditor['mayRead'];
        readonly everything: boolean;
        readonly tree: ExportTree | undefined;
        readonly about: Readonly<Record<string, unknown>>;
        readonly onBegin: (watermark: number | undefined) => void;
        readonly onRows: (rows: number) => void;
      },
    ) => AsyncGenerator<string>;
    /** What an export is checked against; undefined where nothing is signed. */
    readonly tree: () => Promise<ExportTree | undefined>;
    /** Durable when fulfilled, with the record's index. @throws where it cannot be recorded: then nothing goes out. */
    readonly record: (made: ExportMade) => Promise<number>;
    /** Records that it came to no end. */
    readonly recordCut: (cut: ExportCut) => Promise<void>;
  };
}

export interface ExportMade {
  readonly subject: Subject;
  readonly exchange: Exchange;
  readonly question: string;
  readonly query: Readonly<Record<string, string>>;
  readonly format: ExportFormat;
  /** Entries with an index below it are looked at. */
  readonly below: number | undefined;
  readonly checkpoint: string | undefined;
}

export interface ExportCut extends Pick<ExportMade, 'subject' | 'exchange'> {
  /** Index of the record of the export. */
  readonly made: number;
  /** Rows that were given out at most. */
  readonly items: number;
  readonly reason: ErrorName;
}

/** Exports, in all and of one person. More at once would hold up those who only look. */
const EXPORTS_AT_ONCE = { inAll: 4, ofOne: 2 };
/** Milliseconds between two looks at whether somebody may still read what they are given. */
const AGAIN_MS = 500;
const TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

/** By the ids of the operations. */
export function questionHandlers(deps: AuditDeps): Readonly<Record<string, Middleware<AppState>>> {
  // For the exports of all questions together.
  const places = createPlaces('exports', EXPORTS_AT_ONCE);
  return Object.fromEntries(
    QUESTIONS.map(({ name }) => [questionId(name), auditQuestion(deps, name, places)]),
  );
}

const form = z.strictObject(formParameters);

function auditQuestion(deps: AuditDeps, question: string, places: Places): Middleware<AppState> {
  return async function auditRoute(ctx) {
    const since = Date.now();
    const auditor = await identifyAuditor(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    const {
      format: asked,
      proofs: wanted,
      proof: each,
      ...raw
    } = ctx.query as Record<string, string | string[]>;
    const { format, proofs, proof } = readQuery(form, { format: asked, proofs: wanted, proof: each });
    if (format !== undefined)
      return answerExport(deps, ctx, auditor, {
        question,
        raw,
        format,
        proofs: proofs ?? true,
        places,
        since,
      });
    if (proofs !== undefined) throw malformed('proofs', 'is for exports: it goes with format=ndjson');
    const proofOf = proof === undefined ? undefined : requireProofs(deps.proofOf);
    const answer = await deps.ask(question, raw, auditor.mayRead);
    // Who may not read any more when the answer is there does not get it.
    if (Date.now() - since >= AGAIN_MS) await identifyAuditor(deps, ctx.state, since);
    ctx.body = proofOf === undefined ? answer : await withProofs(answer, proofOf);
  };
}

interface AskedExport {
  readonly question: string;
  readonly raw: Raw;
  readonly format: ExportFormat;
  readonly proofs: boolean;
  readonly places: Places;
  /** When it was asked for, in milliseconds since 1970. */
  readonly since: number;
}

async function answerExport(
  deps: AuditDeps,
  ctx: Context,
  auditor: Auditor,
  { question, raw, format, proofs, places, since }: AskedExport,
): Promise<void> {
  const { exports } = deps;
  const state = ctx.state as AppState;
  const { exchange } = state;
  const { response } = exchange;
  const { subject, everything } = auditor;
  const { mayRead, again } = whileTheSame(auditor, () => identifyAuditor(deps, state, since));
  await places.hold(subject.name, response, async () => {
    const tree = format === 'ndjson' && proofs ? await exports.tree() : undefined;
    const query = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, String(value)]));
    const about = { question, query, by: subject.name, at: new Date().toISOString(), request: exchange.id };
    let below: number | undefined;
    const onBegin = (watermark: number | undefined): void => {
      below = watermark;
    };
    let items = 0;
    const onRows = (rows: number): void => {
      items += rows;
    };
    const request = { raw, format, mayRead, everything, tree, about, onBegin, onRows };
    const pieces = exports.pieces(question, request);
    // What is wrong with the question is said before anything is recorded or sent.
    const first = await pieces.next();
    // Nobody is there to take it any more: it is not made, and so not recorded.
    if (response.destroyed) return;
    const checkpoint = tree?.checkpoint;
    const made = await exports.record({ subject, exchange, question, query, format, below, checkpoint });
    ctx.type = TYPES[format];
    ctx.set('Content-Disposition', `attachment; filename="${question}.${format}"`);
    ctx.body = Readable.from(
      whileAllowed(all(first, pieces), {
        ...{ response, everyMs: AGAIN_MS },
        ask: again,
        cut: (reason) => cutLine(format, { items, reason }),
        async onCut(reason) {
          exchange.log.warn({ error: reason, export: made }, 'an export was cut');
          await exports
            .recordCut({ subject, exchange, made, items, reason })
            .catch((error: unknown) =>
              exchange.log.error({ err: error }, 'that an export was cut could not be recorded'),
            );
        },
      }),
    );
  });
}

/**
 * What a reader may read, as long as it is not less than at the beginning: without the rows that they lost an export would
 * look whole, and be less than it says. Their groups may be others since, too.
 *
 * @returns `mayRead` and `again` throw a WardenError, POLICY_DENIED, where it is less.
 */
function whileTheSame(
  begun: Auditor,
  identify: () => Promise<Auditor>,
): { readonly mayRead: Auditor['mayRead']; readonly again: () => Promise<void> } {
  const lost = () =>
    new WardenError('POLICY_DENIED', { sentence: 'less may be read than when the export began' });
  const granted = new Set<string>();
  let reader = begun;
  return {
    mayRead(repository) {
      // Also what has no name that a rule could hold for; whether it still is everything is looked at again.
      if (begun.everything) return true;
      const may = reader.mayRead(repository);
      if (!may && granted.has(repository)) throw lost();
      if (may) granted.add(repository);
      return may;
    },
    async again() {
      reader = await identify();
      if (begun.everything && !reader.everything) throw lost();
    },
  };
}

async function* all(first: IteratorResult<string>, pieces: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done !== true) yield first.value;
  yield* pieces;
}
