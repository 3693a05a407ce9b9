/** What a name may look like that comes from a directory, or is looked up in one. Pure. */

/**
 * Letters, digits and marks of any script, and between them . _ @ ' - and blanks. None of the signs that mean something
 * in a filter, a distinguished name, a pattern, a path or a log; nothing invisible.
 */
const NAME = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}._@' -]{0,126}[\p{L}\p{M}\p{N}_.-])?$/u;
/** The same for groups, whose names often say where they belong. */
const GROUP = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}._@'&()/:+ -]{0,126}[\p{L}\p{M}\p{N}_.)-])?$/u;

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function isGroupName(text: string): boolean {
  return GROUP.test(text);
}

/**
 * Equal for two spellings that a directory takes for one: case, compatibility forms and blanks count for nothing. As
 * strict as RFC 4518 where it matters: what is different here is different there.
 */
export function foldName(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}
