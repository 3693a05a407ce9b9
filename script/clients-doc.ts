/**
 * Writes the matrix in docs/clients.md from what the tests know of each client: `node script/clients-doc.ts`.
 *
 * A test compares the page with what this gives, so that it cannot fall behind.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { DRIVERS } from '../test/clients/drivers/all.ts';
import { type Driver, OPERATIONS, type Operation } from '../test/clients/drivers/driver.ts';

export const PAGE = new URL('../docs/clients.md', import.meta.url);

const BEGIN = '<!-- matrix: node script/clients-doc.ts -->\n';
const END = '<!-- end of matrix -->\n';

/** The page with its matrix written anew. @throws where the page has no place for it. */
export function withMatrix(page: string): string {
  const [before, rest] = split(page, BEGIN);
  const [, after] = split(rest, END);
  return `${before}${BEGIN}${matrix(DRIVERS)}${END}${after}`;
}

function split(text: string, at: string): readonly [string, string] {
  const found = text.indexOf(at);
  if (found < 0) throw new Error(`docs/clients.md has no line ${at.trim()}`);
  return [text.slice(0, found), text.slice(found + at.length)];
}

function matrix(drivers: readonly Driver[]): string {
  const reasons = [...new Set(drivers.flatMap(({ without }) => Object.values(without)))];
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['client', 'tested', ...OPERATIONS]),
    row(['client', 'tested', ...OPERATIONS].map(() => '---')),
    ...drivers.map((driver) =>
      row([
        driver.name,
        driver.version,
        ...OPERATIONS.map((operation) => {
          const reason = driver.without[operation];
          return reason === undefined ? shown(driver, operation) : `none (${reasons.indexOf(reason) + 1})`;
        }),
      ]),
    ),
    '',
    ...reasons.map((reason, at) => `${at + 1}. ${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`),
    '',
  ].join('\n');
}

/** How a cell is, where clients differ. */
function shown(driver: Driver, operation: Operation): string {
  switch (operation) {
    case 're-push':
      return driver.looksFirst ? 'writes nothing' : 'writes again';
    case 'mount':
      return driver.mounts === 'reads' ? 'while it copies' : 'from memory';
    case 'multi-platform':
      return driver.listsPushed ? 'of images pushed before' : 'one push';
    case 'refusal':
      return driver.statusOnly ? 'status only' : 'reason';
    default:
      return 'yes';
  }
}

if (import.meta.main) writeFileSync(PAGE, withMatrix(readFileSync(PAGE, 'utf8')));
