import { describe, expect, it } from '@jest/globals';
import { createLog } from '../../src/telemetry/log.ts';
import { withoutSecrets } from '../../src/telemetry/secrets.ts';

const SECRET = 'correct horse';

function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  write(createLog({ level: 'info', destination: { write: (line) => void lines.push(JSON.parse(line)) } }));
  return lines;
}

describe('a log line', () => {
  it.each<[string, Record<string, unknown>]>([
    ['at the top', { password: SECRET }],
    ['in another case', { Authorization: `Basic ${SECRET}` }],
    ['in headers', { request: { headers: { authorization: SECRET, cookie: SECRET, accept: '*/*' } } }],
    ['in an object of objects', { form: { fields: { refresh_token: SECRET } } }],
    ['in an array', { tried: [{ token: SECRET }] }],
    [
      'on an error',
      { err: Object.assign(new Error('refused'), { config: { headers: { 'set-cookie': [SECRET] } } }) },
    ],
    ['where the value is no text', { secret: { value: SECRET } }],
  ])('holds no secret that was passed %s', (_, fields) => {
    const [line] = logged((log) => log.info(fields, 'what happened'));
    const text = JSON.stringify(line);
    expect(text).not.toContain(SECRET);
    expect(text).toContain('[redacted]');
    expect(line).toMatchObject({ level: 'info', msg: 'what happened' });
  });

  it('is otherwise what was passed, and leaves what was passed as it was', () => {
    const fields = { rules: ['a', 'b'], nested: { password: SECRET, kept: 1 } };
    const [line] = logged((log) => log.child({ requestId: 'r1' }).warn(fields, 'm'));
    expect(line).toMatchObject({
      requestId: 'r1',
      rules: ['a', 'b'],
      nested: { password: '[redacted]', kept: 1 },
    });
    expect(fields.nested.password).toBe(SECRET);
  });

  it('still shows an error as one when a secret was taken from it', () => {
    const [line] = logged((log) =>
      log.error({ err: Object.assign(new TypeError('broken'), { token: SECRET }) }, 'm'),
    );
    expect(line?.['err']).toMatchObject({ type: 'TypeError', message: 'broken', token: '[redacted]' });
    expect(JSON.stringify(line)).toContain('log.test.ts');
  });
});

describe('withoutSecrets', () => {
  it('copies nothing where there is nothing to take out', () => {
    const fields = { a: { b: { c: { d: { e: 1 } } } }, list: [1, 2], none: null, body: Buffer.alloc(3) };
    expect(withoutSecrets(fields)).toBe(fields);
  });

  it('ends on what holds itself', () => {
    const fields: Record<string, unknown> = { a: 1 };
    fields['self'] = fields;
    expect(withoutSecrets(fields)).toBe(fields);
  });
});
