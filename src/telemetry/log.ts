/** Structured logs: JSON lines on standard output, one for each request at its end and one for each thing an operator must know. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** Redacted wherever they might be passed by mistake; nothing below hands them over on purpose. */
const SECRETS = ['authorization', 'password', 'token', 'access_token', 'refresh_token', 'secret', 'cookie'];

export function createLog(options: {
  readonly level: string;
  readonly destination?: DestinationStream;
}): Log {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `headers.${name}`]);
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: '[redacted]' },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
