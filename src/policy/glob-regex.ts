/** Patterns of names as regular expressions, for a database that has to match them itself. */
import type { RepositoryGlob, TagGlob } from './glob.ts';
import type { Part } from './glob-parts.ts';

/**
 * What a pattern of repositories fits for somebody who has not logged in, in the syntax of POSIX and of JavaScript.
 *
 * @returns an expression for the name with a slash behind it, anchored; undefined where the pattern fits nothing, since
 *   it stands for something of the caller's.
 */
export function repositoryRegex({ parts, variable }: RepositoryGlob): string | undefined {
  return variable ? undefined : `^${parts.map(partRegex).join('')}$`;
}

/** Of a whole tag. */
export function tagRegex({ text }: TagGlob): string {
  return `^${wildRegex(text, '.*')}$`;
}

function partRegex(part: Part): string {
  switch (part.kind) {
    case 'components':
      return '([^/]+/)*';
    case 'any':
      return '[^/]+/';
    case 'literal':
      return `${literal(part.text)}/`;
    case 'wild':
      return `${wildRegex(part.pattern, '[^/]*')}/`;
    default:
      throw new Error(`a pattern with ${part.kind} has no one meaning`);
  }
}

function wildRegex(pattern: string, star: string): string {
  return pattern.split('*').map(literal).join(star);
}

/** Names hold letters, digits and `._-` alone. */
function literal(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_/-]/g, '\\$&');
}
