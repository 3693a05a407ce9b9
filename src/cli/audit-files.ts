/** The questions of auditors on the files that the settings name, where no server is asked. */
import type { Command } from 'commander';
import { openAudit } from '../audit/open-audit.ts';
import { loadSettings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { type AuditIo, addAuditCommands } from './audit.ts';
import type { Io } from './io.ts';
import { openLogOf } from './open-log.ts';

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
      return openAudit(loaded.settings.data, () => openLogOf(loaded.settings));
    },
  });
}
