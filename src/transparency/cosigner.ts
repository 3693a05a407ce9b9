/** Brings each new checkpoint to the witnesses, and keeps what they say. */
import type { Clock } from '../store/clock.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { formatNote, type NoteSignature, openNote, parseNote } from '../tlog/note.ts';
import type { VerifierKey } from '../tlog/vkey.ts';
import { askWitness, type Witness } from './witness-client.ts';

export interface CosignerDeps {
  readonly clock: Clock;
  readonly witnesses: readonly Witness[];
  /** Cosignatures that make a checkpoint a cosigned one. */
  readonly quorum: number;
  /** Milliseconds between two rounds. */
  readonly everyMs: number;
  /** The newest note of the log's own signatures; undefined before the first. */
  readonly newest: () => string | undefined;
  /** The newest note that another instance had cosigned by as many as are wanted. */
  readonly elsewhere: () => string | undefined;
  readonly proof: (from: number, to: number) => Promise<readonly Uint8Array[]>;
  /** Whether it is still this process that signs. Another may, and have brought the witness more. */
  readonly signs: () => Promise<boolean>;
  /** Takes a note with its cosignatures. `whole`: there are as many as are wanted. */
  readonly publish: (note: string, whole: boolean) => Promise<void>;
  /** Told at each change of what a witness has to say. Must not throw. */
  readonly onChange: (change: WitnessChange) => void;
}

export interface WitnessChange {
  readonly witness: string;
  /** Absent: it cosigns. */
  readonly why?: string;
  readonly contradicts?: true;
}

export interface CosignedTree {
  readonly size: number;
  /** POSIX seconds, by the slowest of the witnesses' clocks. */
  readonly at: number;
}

export interface Cosigner {
  /** What was last cosigned by as many as are wanted, whichever instance asked for it; 0 and 0 before. */
  state(): CosignedTree;
  /** Whether a witness did not cosign when this process asked it last. */
  silent(): boolean;
  close(): Promise<void>;
}

/** Also without new entries: the time of a cosignature shows that the log still speaks. */
const HEARTBEAT_MS = 600_000;

const NOTHING: CosignedTree = { size: 0, at: 0 };

interface Standing {
  readonly witness: Witness;
  old: number;
  trouble: string | undefined;
}

export function startCosigner(deps: CosignerDeps): Cosigner {
  const { clock, witnesses, quorum } = deps;
  const ending = new AbortController();
  const standings: Standing[] = witnesses.map((witness) => ({ witness, old: 0, trouble: undefined }));
  const keys = witnesses.map(({ key }) => key);
  let whole = NOTHING;
  let others = { note: undefined as string | undefined, tree: NOTHING };
  let done: { readonly note: string; readonly at: number; readonly by: number } | undefined;

  async function round(): Promise<void> {
    const note = deps.newest();
    const parsed = note === undefined ? undefined : parseNote(note);
    if (note === undefined || !parsed?.ok) return;
    const read = parseCheckpoint(parsed.note.text);
    if (!read.ok) return;
    const { size } = read.checkpoint;
    const fresh = done !== undefined && clock.elapsed() - done.at < HEARTBEAT_MS;
    if (done?.note === note && done.by === witnesses.length && fresh) return;
    const { text } = parsed.note;
    const lines: NoteSignature[] = [];
    const times: number[] = [];
    await Promise.all(
      standings.map(async (standing) => {
        const { witness } = standing;
        const answer = await askWitness(witness, {
          text,
          note,
          size,
          old: standing.old,
          proofFrom: (old) => deps.proof(old, size),
        });
        if (answer.ok) {
          standing.old = size;
          lines.push(answer.line);
          times.push(answer.time);
        }
        if (!answer.ok && answer.contradicts && !(await deps.signs().catch(() => false))) return;
        const why = answer.ok ? undefined : answer.why;
        if (why === standing.trouble) return;
        standing.trouble = why;
        deps.onChange({
          witness: witness.key.name,
          ...(why === undefined ? {} : { why }),
          ...(!answer.ok && answer.contradicts ? { contradicts: true } : {}),
        });
      }),
    );
    if (lines.length > 0) {
      const enough = lines.length >= quorum;
      await deps.publish(formatNote({ text, signatures: [...parsed.note.signatures, ...lines] }), enough);
      if (enough) whole = { size, at: Math.min(...times) };
    }
    done = { note, at: clock.elapsed(), by: lines.length };
  }

  async function beat(): Promise<void> {
    while (!ending.signal.aborted) {
      // What is not published now is with the next round.
      await round().catch(() => undefined);
      await clock.sleep(deps.everyMs, ending.signal);
    }
  }
  const beating = witnesses.length === 0 ? Promise.resolve() : beat();

  return {
    state() {
      const note = deps.elsewhere();
      if (note !== others.note) others = { note, tree: cosignedTree(note, keys) };
      return others.tree.at > whole.at ? others.tree : whole;
    },
    silent: () => standings.some(({ trouble }) => trouble !== undefined),
    async close() {
      ending.abort();
      await beating;
    },
  };
}

/** What stands in a note, by the cosignatures of these keys that are in it; 0 and 0 where one is wrong or there is none. */
function cosignedTree(note: string | undefined, keys: readonly VerifierKey[]): CosignedTree {
  const parsed = note === undefined ? undefined : parseNote(note);
  const opened = parsed?.ok ? openNote(parsed.note, keys) : undefined;
  const read = opened?.ok ? parseCheckpoint(opened.text) : undefined;
  if (!opened?.ok || !read?.ok) return NOTHING;
  return { size: read.checkpoint.size, at: Math.min(...opened.verified.map(({ time }) => time ?? 0)) };
}
