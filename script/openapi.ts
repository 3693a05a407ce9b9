/**
 * Writes docs/openapi.json from the declarations of the API: `node script/openapi.ts`.
 *
 * A test compares the file with what this gives, so that it cannot fall behind.
 */
import { writeFileSync } from 'node:fs';
import { openApi } from '../src/http/api/document.ts';
import { OPERATIONS } from '../src/http/api/operations.ts';

export function openApiText(): string {
  return `${JSON.stringify(openApi(OPERATIONS), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(new URL('../docs/openapi.json', import.meta.url), openApiText());
