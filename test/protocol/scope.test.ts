import { describe, expect, it } from '@jest/globals';
import { parseScopes } from '../../src/protocol/scope.ts';

describe('scopes', () => {
  it('of one name are merged, however they are spread over parameters and blanks', () => {
    const parsed = parseScopes(['repository:a:pull  repository:b:push,pull', 'repository:a:push,pull', '']);
    expect(parsed).toEqual({
      ok: true,
      scopes: [
        { type: 'repository', name: 'a', actions: ['pull', 'push'] },
        { type: 'repository', name: 'b', actions: ['push', 'pull'] },
      ],
    });
  });

  it.each([
    ['a plugin, whose class must not be dropped', 'repository(plugin):a:pull'],
    ['another type', 'x:y:z'],
    ['a name with a host and a port', 'repository:localhost:5000/a:pull'],
  ])('%s is right in form and grants nothing', (_what, scope) => {
    expect(parseScopes([scope])).toEqual({ ok: true, scopes: [] });
  });

  it.each([
    'repository:a',
    'repository::pull',
    'repository:a:',
    'repository:a:pull,',
    'Repository:team/app:pull',
    'repository:A/b:pull',
    'repository:a/../b:pull',
    'repository:../x:pull',
    'repository:a%00b:pull',
    'repository:a/:pull',
    'repository:a//b:pull',
    'repository:group/*:pull',
    `repository:${'a'.repeat(256)}:pull`,
    'repository(Plugin):a:pull',
    'pull',
  ])('%s breaks the grammar', (scope) => {
    expect(parseScopes([scope]).ok).toBe(false);
  });

  it('a registry scope keeps its star, and so does a repository', () => {
    expect(parseScopes(['registry:catalog:*', 'repository:a:*'])).toMatchObject({
      scopes: [
        { type: 'registry', name: 'catalog', actions: ['*'] },
        { type: 'repository', name: 'a', actions: ['*'] },
      ],
    });
  });

  it('a hundred are read, one more is refused', () => {
    const scopes = Array.from({ length: 100 }, (_, i) => `repository:r${i}:pull`);
    expect(parseScopes(scopes)).toMatchObject({ ok: true });
    expect(parseScopes([...scopes, 'repository:r100:pull']).ok).toBe(false);
  });
});
