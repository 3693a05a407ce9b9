/** Structured logs: JSON lines on standard output, one for each request at its end and one for each thing an operator must know. */
import { type DestinationStream, type Logger, pino } from 'pino';
import { withoutSecrets } from './secrets.ts';

export type Log = Logger;

/**
 * A write to standard output costs as much as all else about a line, so lines wait for each other: until there are so
 * many bytes of them, or for so long. What must outlive a power cut is the record's affair, not the log's.
 */
const BATCH_BYTES = 8192;
const BATCH_MS = 50;

export function createLog(options: {
  readonly level: string;
  readonly destination?: DestinationStream;
}): Log {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // Nothing hands a secret over on purpose. pino's own `redact` costs a third of a request to find that out.
    formatters: { level: (label: string) => ({ level: label }), log: withoutSecrets },
  };
  const destination =
    options.destination ??
    pino.destination({ dest: 1, sync: false, minLength: BATCH_BYTES, periodicFlush: BATCH_MS });
  return pino(settings, destination);
}
