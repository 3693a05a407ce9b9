/** The record, its inventory of pulls and the history of policies that the settings name: in files, or in a database. */
import { type OpenedAudit, openAudit } from '../audit/open-audit.ts';
import type { Settings } from '../config/settings.ts';
import { openPolicyHistory, type PolicyHistory } from '../history/policy-history.ts';
import { databaseOf } from './open-log.ts';

/** @throws {Error} with one sentence. */
export async function openAuditOf(settings: Pick<Settings, 'data' | 'store'>): Promise<OpenedAudit> {
  const postgres = databaseOf(settings);
  try {
    const opened = await openAudit(settings.data, postgres);
    return {
      ...opened,
      async close() {
        await opened.close();
        await postgres?.close();
      },
    };
  } catch (error) {
    await postgres?.close();
    throw error;
  }
}

/** @throws {Error} with one sentence. */
export async function openHistoryOf(settings: Pick<Settings, 'data' | 'store'>): Promise<PolicyHistory> {
  const postgres = databaseOf(settings);
  const history = await openPolicyHistory(settings.data, postgres);
  return {
    ...history,
    async close() {
      await history.close();
      await postgres?.close();
    },
  };
}
