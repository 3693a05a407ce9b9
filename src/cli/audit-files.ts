/** The questions of auditors on the files that the settings name, where no server is asked. */

import { join } from 'node:path';
import type { Command } from 'commander';
import type { ExportTree } from '../audit/export.ts';
import type { Settings } from '../config/settings.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { formatVkey, verifierKey } from '../tlog/vkey.ts';
import { loadNoteKey } from '../token/note-key.ts';
import { publishedTree } from '../transparency/paths-from-files.ts';
import { type AuditIo, addAuditCommands } from './audit.ts';
import type { Io } from './io.ts';
import { settingsOf, TLOG_FOLDER } from './log-common.ts';
import { openLogOf } from './open-log.ts';
import { openAuditOf } from './open-record.ts';

export function addAuditOnFiles(
  program: Command,
  { io, ...deps }: Omit<AuditIo, 'openAudit' | 'openExport' | keyof Io> & { readonly io: Io },
): void {
  addAuditCommands(program, {
    ...io,
    ...deps,
    async openAudit(settingsFile) {
      return openAuditOf(await settingsOf(settingsFile));
    },
    async openExport(settingsFile) {
      const settings = await settingsOf(settingsFile);
      const reader = await openLogOf(settings);
      const opened = await openAuditOf(settings).catch(async (error: unknown) => {
        await reader.close();
        throw error;
      });
      return {
        ...opened,
        tree: treeOf(settings, reader),
        async close() {
          await opened.close();
          await reader.close();
        },
      };
    },
  });
}

/** What the records are proved with, as it was published last; undefined where nothing is signed. */
function treeOf(
  { data, transparency }: Settings,
  reader: Pick<LogReader, 'entries'>,
): ExportTree | undefined {
  const published = transparency && publishedTree(join(data, TLOG_FOLDER));
  if (transparency === undefined || published === undefined) return undefined;
  const { origin, keyFile } = transparency;
  const key = loadNoteKey(keyFile);
  return {
    ...published,
    // Whoever checks has the key another way; where it cannot be read here, it is left out.
    keys: key.ok ? [formatVkey(verifierKey(origin, 0x01, key.key.publicKey))] : [],
    path: async (index) => published.path(index),
    async leaves(indexes) {
      const leaves: string[] = [];
      for (const index of indexes) {
        const [leaf] = await reader.entries(index, 1);
        if (leaf === undefined) throw new Error(`the push log has no entry ${index}`);
        leaves.push(Buffer.from(leaf).toString('utf8'));
      }
      return leaves;
    },
  };
}
