/**
 * Puts off a small write until everything that has arrived has been looked at.
 *
 * A write to a process that sleeps wakes it, which costs the writer more than the write. When several requests arrive
 * together, their writes follow each other closely this way, and each process is woken once: a sixth of the processor
 * time of a small request at 16 connections. With one request at a time it makes no difference.
 */
export function atEndOfTurn(write: () => void): void {
  setImmediate(write);
}
