/** Small pieces of YAML, written so that they read as a person would write them. */

/** Words that YAML reads as something else than text, in one of its versions. */
const WORDS = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n']);

export function scalar(text: string): string {
  const plain = /^[a-z][a-z0-9._/@-]*$/.test(text) && !WORDS.has(text);
  return plain ? text : JSON.stringify(text);
}

export function list(texts: readonly string[]): string {
  return `[${texts.map(scalar).join(', ')}]`;
}

const WIDTH = 110;

/** Lines of a comment, of texts that may hold anything. */
export function comment(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= WIDTH) lines.push(`${indent}# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
