/** The pages name no setting, metric, error or command that does not exist. */
import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { settingsSchema } from '../../src/config/settings-schema.ts';
import { catalogue } from '../../src/errors.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { allPages, blocksOf, proseOf, readPage } from './blocks.ts';

const pages = allPages();

/** All keys of the settings, with dots. */
function settingKeys(): { readonly all: Set<string>; readonly sections: Set<string> } {
  const all = new Set<string>();
  const sections = new Set<string>();
  const walk = (schema: unknown, prefix: string): void => {
    let inner = schema as { shape?: Record<string, unknown>; def?: { innerType?: unknown } };
    while (inner.shape === undefined && inner.def?.innerType !== undefined)
      inner = inner.def.innerType as typeof inner;
    for (const [key, value] of Object.entries(inner.shape ?? {})) {
      all.add(prefix + key);
      walk(value, `${prefix}${key}.`);
    }
    if (inner.shape !== undefined && prefix !== '') sections.add(prefix.slice(0, -1));
  };
  walk(settingsSchema, '');
  return { all, sections };
}

describe('the settings that are named', () => {
  const { all, sections } = settingKeys();

  it('are found in the schema', () => {
    expect(all.has('shutdown.graceSeconds')).toBe(true);
    expect(sections.has('registry')).toBe(true);
  });

  it.each(pages.filter((page) => page !== 'docs/record.md'))('in %s exist', (page) => {
    const unknown = [...proseOf(page).matchAll(/`([a-z][A-Za-z]*(?:\.[a-z][A-Za-z]*)+)`/g)]
      .map(([, key = '']) => key)
      .filter((key) => sections.has(key.slice(0, key.indexOf('.'))) && !all.has(key))
      // Names of hosts, files and kinds of record.
      .filter((key) => !/\.(?:corp|crt|key|csr|db|lock|opened|reconciled|archived|md)$/.test(key));
    expect(unknown).toEqual([]);
  });
});

describe('the metrics that are named', () => {
  it.each(pages)('in %s exist', async (page) => {
    const metrics = createMetrics();
    for (const name of WATCHED) metrics.watch(name, () => 0);
    const { text } = await metrics.render();
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
    const named = [...readPage(page).matchAll(/\b(?:warden|nodejs)_[a-z0-9_]+\b/g)].map(([name]) => name);
    const unknown = named.filter(
      (name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|sum|count)$/, '')),
    );
    expect(unknown).toEqual([]);
  });

  it('have the labels that queries ask for', () => {
    const labels = new Set([
      'stage',
      'route',
      'method',
      'status',
      'direction',
      'action',
      'verdict',
      'grant',
      'outcome',
      'type',
      'le',
      'mode',
      'operation',
    ]);
    const asked = blocksOf('docs/operating.md')
      .filter(({ language }) => language === 'promql')
      .flatMap(({ text }) => [
        ...[...text.matchAll(/by \(([a-z, ]+)\)/g)].flatMap(([, list = '']) => list.split(/, */)),
        ...[...text.matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) =>
          list.split(/,(?=[a-z]+[=!])/).map((part) => part.replace(/[=!~].*$/, '')),
        ),
      ]);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((label) => !labels.has(label))).toEqual([]);
  });
});

const WATCHED = [
  'warden_record_writable',
  'warden_client_authorities_reload_failed',
  'warden_client_crl_expires_timestamp_seconds',
  'warden_record_disk_free_bytes',
  'warden_record_disk_seconds_left',
  'warden_record_disk_low',
  'warden_record_unsettled',
  'warden_record_differences_total',
  'warden_notifications_dropped_total',
  'warden_inventory_dropped_total',
  'warden_policy_loaded_timestamp_seconds',
  'warden_policy_reload_failed',
  'warden_policy_unkept',
  'warden_refusals_unkept_total',
  'warden_users_reload_failed',
  'warden_directory_answers',
  'warden_issuers_unreachable',
  'warden_robots',
  'warden_robots_expiring',
  'warden_robot_expiry_timestamp_seconds',
  'warden_revocations_age_seconds',
  'warden_log_signed_entries',
  'warden_log_signed_timestamp_seconds',
  'warden_log_signer',
  'warden_log_signing_failed',
  'warden_log_cosigned_entries',
  'warden_log_cosigned_timestamp_seconds',
  'warden_registry_certificate_expires_timestamp_seconds',
  'warden_certificate_expires_timestamp_seconds',
] as const;

it.each(pages)('the errors that %s names exist', (page) => {
  const errors = Object.keys(catalogue);
  const stems = new Set(errors.map((name) => name.split('_')[0]));
  const named = [...proseOf(page).matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, name = '']) => name);
  expect(named.filter((name) => stems.has(name.split('_')[0]) && !errors.includes(name))).toEqual([]);
});

const nothing = (): void => undefined;
const program = await createProgram({
  version: '0',
  defaultConfig: '',
  io: { out: nothing, err: nothing },
  stdin: process.stdin,
  columns: undefined,
  progress: undefined,
  whileStoppable: (work) => work(new AbortController().signal),
  onSignals: nothing,
  exit: nothing,
  end: nothing,
});

describe('the commands that are named', () => {
  /** @returns what of the words is no command or option. */
  function unknownWords(words: readonly string[]): string[] {
    let command: Command = program;
    const wrong: string[] = [];
    for (const word of words) {
      if (word.startsWith('--')) {
        const known = [...command.options.map(({ long }) => long), '--help', '--version'];
        if (!known.includes(word.replace(/=.*/, ''))) wrong.push(word);
        continue;
      }
      const next = command.commands.find((one) => one.name() === word);
      if (next) command = next;
      else if (command.commands.length > 0) return [...wrong, word];
    }
    return wrong;
  }

  it('are told from those that do not exist', () => {
    expect(unknownWords(['audit', 'pushes', '--since', '7d', '--sinc'])).toEqual(['--sinc']);
    expect(unknownWords(['keys', 'turn'])).toEqual(['turn']);
  });

  it('take the settings and a server as the table of operating.md says', () => {
    const rows = [...readPage('docs/operating.md').matchAll(/^\| (`[a-z].*`) \| (yes|no) \| (yes|no) \|$/gm)];
    const said = rows.flatMap(([, names = '', config, url]) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({
        name,
        config: config === 'yes',
        url: url === 'yes',
      })),
    );
    const leaves = (command: Command, path: readonly string[]): readonly (readonly [string, Command])[] =>
      command.commands.length === 0
        ? [[path.join(' '), command]]
        : command.commands.flatMap((one) => leaves(one, [...path, one.name()]));
    const wrong = leaves(program, []).filter(([path, { options }]) => {
      const row = said.filter(({ name }) => `${path} `.startsWith(`${name} `));
      const has = (long: string): boolean => options.some((option) => option.long === long);
      return (
        row.length !== 1 ||
        row[0]?.config !== has('--config') ||
        row[0].url !== has('--url') ||
        has('--url') !== has('--ca')
      );
    });
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  it.each(pages)('in %s exist, with their options', (page) => {
    // In the text: `warden …`. In blocks: what follows warden up to the end of the command.
    const inText = [...proseOf(page).matchAll(/`warden ([a-z][^`|]*)`/g)].map(([, words = '']) => words);
    const inBlocks = blocksOf(page)
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => [...text.matchAll(/(?:^|-- |run --rm )warden ([a-z][^\n|>;)#]*)/gm)])
      .map(([, words = '']) => words);
    const wrong = [...inText, ...inBlocks].flatMap((words) => {
      const found = unknownWords(words.split(/\s+/).filter((word) => word !== '' && word !== '…'));
      return found.map((word) => `warden ${words}: ${word}`);
    });
    expect(wrong).toEqual([]);
  });
});
