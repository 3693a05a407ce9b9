/** Reads the log beside its writer, for all that follows it. */
import type { LogReader } from '../provenance/log-store.ts';
import type { Part } from './part.ts';
import type { PushLog } from './push-log.ts';

/** Opened when it is first read, and again after a failure: a disk in trouble at the start holds up the readers alone. */
export function openLogReader({ endings }: Pick<Part, 'endings'>, pushLog: PushLog): LogReader {
  const reader = lazily(() => pushLog.reader('what follows the record waits'));
  endings.defer(reader.close);
  return reader;
}

function lazily(open: () => Promise<LogReader>): LogReader {
  let opened: Promise<LogReader> | undefined;
  const reader = (): Promise<LogReader> => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return {
    size: async () => (await reader()).size(),
    entries: async (from, limit) => (await reader()).entries(from, limit),
    async close() {
      await (await opened?.catch(() => undefined))?.close();
    },
  };
}
