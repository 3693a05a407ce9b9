/** The description of the API: what is served is declared, what is declared is described. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApiText } from '../../script/openapi.ts';
import { catalogue } from '../../src/errors.ts';
import { errorsOf } from '../../src/http/api/document.ts';
import { OPERATIONS } from '../../src/http/api/operations.ts';
import { PARAMETERS, parameterSchema } from '../../src/inquiry/parameters.ts';

const HTTP = join(import.meta.dirname, '../../src/http');

describe('the description of the API', () => {
  it('is what docs/openapi.json has: node script/openapi.ts writes it', () => {
    expect(readFileSync('docs/openapi.json', 'utf8')).toBe(openApiText());
  });

  it('is OpenAPI 3.1 to a validator that is not ours', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(openApiText()) as Record<string, unknown>);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(validator.version).toBe('3.1');
    const { paths: _, ...without } = JSON.parse(openApiText()) as Record<string, unknown>;
    expect((await validator.validate({ ...without, paths: { '/x': { get: { responses: 1 } } } })).valid).toBe(
      false,
    );
  });

  it('has every address but those of the page: no route stands beside it', () => {
    const files = readdirSync(HTTP, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const routed = files.flatMap((name) =>
      [...readFileSync(join(HTTP, name), 'utf8').matchAll(/router\.(?!routes\b)(\w+)\(\s*(\S+)/g)].map(
        ([, method, address]) => `${name} ${method} ${address}`,
      ),
    );
    expect(routed.sort()).toEqual([
      'api/serve.ts all pattern',
      "app.ts all '/ui',",
      "app.ts all '/ui/session',",
      "app.ts all '/ui/sign-in/:issuer',",
      "app.ts all '/ui/signed-in/:issuer',",
      "app.ts all '/ui/{*view}',",
    ]);
  });

  it('has the parameters of the questions to the policy that are read', () => {
    for (const kind of Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[])
      expect(Object.keys(parameterSchema(kind).shape)).toEqual(PARAMETERS[kind]);
  });

  it.each(Object.entries(OPERATIONS))(
    '%s names refusals of docs/errors.md, and its parts',
    (_id, operation) => {
      for (const name of errorsOf(operation)) expect(Object.keys(catalogue)).toContain(name);
      const parts = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(operation.parts ?? {})).toEqual(parts);
    },
  );
});
