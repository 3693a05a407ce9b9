/** The settings of a witness: a small YAML file of its own, at another owner than the log's. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { readText } from '../config/read-text.ts';
import { path } from '../config/settings-values.ts';
import { type Problem, readYaml } from '../config/yaml.ts';
import { isKeyName, parseVkey, type VerifierKey } from '../tlog/vkey.ts';

const logKey = z.string().superRefine((text, context) => {
  const parsed = parseVkey(text, [0x01]);
  if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.reason });
});

const schema = z.strictObject({
  name: z.string().max(255).refine(isKeyName, {
    error: 'expected a name without blanks and plus signs, such as witness.security.corp/w1',
  }),
  keyFile: path,
  /** The file of what was seen. */
  state: path,
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(5081),
      tls: z.strictObject({ certificateFile: path, keyFile: path }).optional(),
    })
    .prefault({}),
  /** As `warden keys show` prints them; several of one origin while its key is changed. */
  logs: z.array(logKey).min(1),
});

export type WitnessSettings = Omit<z.output<typeof schema>, 'logs'> & {
  readonly logs: readonly VerifierKey[];
};

export type LoadedWitnessSettings =
  | { readonly ok: true; readonly settings: WitnessSettings }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Relative paths start from the file's own folder. */
export async function loadWitnessSettings(file: string): Promise<LoadedWitnessSettings> {
  const content = await readText(file);
  if (!content.ok) return { ok: false, problems: [{ file, line: 1, column: 1, message: content.reason }] };
  const read = readYaml(content.text, file, schema);
  if (!read.ok) return read;
  const at = (name: string): string => resolve(dirname(file), name);
  const { keyFile, state, listen, logs, name } = read.value;
  const { tls } = listen;
  return {
    ok: true,
    settings: {
      name,
      keyFile: at(keyFile),
      state: at(state),
      listen: {
        ...listen,
        ...(tls && { tls: { certificateFile: at(tls.certificateFile), keyFile: at(tls.keyFile) } }),
      },
      logs: logs.flatMap((text) => {
        const parsed = parseVkey(text, [0x01]);
        return parsed.ok ? [parsed.key] : [];
      }),
    },
  };
}
