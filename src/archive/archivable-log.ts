/** A log that old records can be taken out of, wherever it is kept. */
import type { Archived } from '../provenance/archived-entries.ts';
import type { LogSource } from '../verify/source.ts';

export interface ArchivableLog {
  /** Of the whole log: what is archived counts too. */
  size(): Promise<number>;
  /** In their order, from the log and from its archive. */
  entries(from: number, limit: number): Promise<readonly Uint8Array[]>;
  archived(): Promise<Archived | undefined>;
  /** Durably: readers look there from now on for what the log has no more. */
  setArchived(archived: Archived): Promise<void>;
  /** Whether the log itself still has an entry below that index. */
  holdsBelow(until: number): Promise<boolean>;
  /** In small steps, so that whoever writes never waits long. @returns how many entries it took out. */
  takeOut(until: number): Promise<number>;
  /** As it is verified. @param tree the folder of its tiles and checkpoint. */
  source(tree: string): LogSource;
  close(): Promise<void>;
}
