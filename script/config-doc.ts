/**
 * Writes docs/config.md from the schema of the settings: `node script/config-doc.ts`.
 *
 * A test compares the page with what this gives, so that it cannot fall behind.
 */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { settingsSchema } from '../src/config/settings-schema.ts';

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
}

const HEAD = `# Settings

All keys of \`warden.yaml\`. Unknown keys are errors. Paths are relative to the folder of the file. \`warden check\` says every
problem of the file, and of the files it names, at once. This page is made from the schema: \`node script/config-doc.ts\`.

| key | value | default | meaning |
| --- | --- | --- | --- |
`;

export function configDoc(): string {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }) as Node;
  return `${HEAD}${rows(schema, '').join('\n')}\n`;
}

function rows(node: Node, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = `${prefix}${name}`;
    const required = node.required?.includes(name) ?? false;
    const meaning = (child.description ?? '').replaceAll('<', '&lt;');
    const cells = [`\`${key}\``, kindOf(child), defaultOf(child, required), meaning];
    return [
      `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
      ...rows(child, `${key}.`),
      ...rows(child.items ?? {}, `${key}[].`),
    ];
  });
}

function kindOf({ type, enum: words, minimum, maximum, items, properties, anyOf }: Node): string {
  if (anyOf) return anyOf.map(kindOf).join(' or ');
  if (properties) return 'section';
  if (words) return words.map((word) => `\`${String(word)}\``).join(' or ');
  if (type === 'array' && items?.properties) return 'list of sections';
  if (type === 'array') return `list of ${items?.type === 'string' ? 'texts' : (items?.type ?? 'values')}`;
  if (type === 'integer') {
    const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
    return bounded ? `${minimum} to ${maximum}` : `${minimum} or more`;
  }
  return type === 'string' ? 'text' : (type ?? 'value');
}

function defaultOf({ default: value, properties }: Node, required: boolean): string {
  if (required) return '**required**';
  return value === undefined || properties ? '' : `\`${JSON.stringify(value)}\``;
}

if (import.meta.main) writeFileSync(new URL('../docs/config.md', import.meta.url), configDoc());
