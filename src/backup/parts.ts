/** What a backup holds, and what it leaves out. */

import { DECISIONS_FILE } from '../history/decisions-thread.ts';
import { VERSIONS_FILE } from '../history/versions-thread.ts';
import { INVENTORY_FILE } from '../inventory/inventory-thread.ts';
import { LOG_FILE } from '../provenance/log-thread.ts';
import { DOCUMENTS_FILE } from '../store/sqlite-documents.ts';

/**
 * The databases of the data folder, in the order in which they are copied. The log comes before what its records name,
 * and each of the others is written before the record that names it: so a copy of all knows what its log speaks of.
 */
export const DATABASES: readonly string[] = [
  LOG_FILE,
  VERSIONS_FILE,
  DOCUMENTS_FILE,
  // Of releases before the sessions were documents.
  'sessions.db',
  INVENTORY_FILE,
  DECISIONS_FILE,
];

/** Tiles and checkpoints: copied before the log, so that the log is never behind them. */
export const TREE_FOLDER = 'tlog';

/**
 * The last checkpoint that was signed is never in a backup, and lies outside of the data folder unless somebody has put it
 * there: a log that was put back must not sign another tree of a size that was signed already.
 */
export const NEVER_COPIED = /\.lock$/;

/** The folders in a backup. */
export const DATA = 'data';
export const KEYS = 'keys';

/** Written last: a folder without it is no whole backup. */
export const MANIFEST_FILE = 'backup.json';
