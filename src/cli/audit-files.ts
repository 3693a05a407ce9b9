/** The questions of auditors on the files that the settings name, where no server is asked. */
import type { Command } from 'commander';
import { loadSettings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { type AuditIo, addAuditCommands } from './audit.ts';
import type { Io } from './io.ts';
import { openAuditOf } from './open-record.ts';

export function addAuditOnFiles(
  program: Command,
  { io, ...deps }: Omit<AuditIo, 'openAudit' | keyof Io> & { readonly io: Io },
): void {
  addAuditCommands(program, {
    ...io,
    ...deps,
    async openAudit(settingsFile) {
      const loaded = await loadSettings(settingsFile);
      if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'));
      return openAuditOf(loaded.settings);
    },
  });
}
