import { describe, expect, it } from '@jest/globals';
import { isClient, parseClientTest, productsOf } from '../../src/policy/client-version.ts';

const DOCKER =
  'docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24+dfsg1 \\(linux\\))';

function fits(text: string, agent: string): boolean {
  const parsed = parseClientTest(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return isClient(parsed.test, productsOf(agent));
}

describe('a test of the client', () => {
  it.each([
    ['docker', DOCKER, true],
    ['docker < 20.10', DOCKER, false],
    ['docker < 20.10', 'docker/19.3.5', true],
    ['docker < 20.10', 'docker/1.13.1', true],
    ['docker <= 20.10', DOCKER, true],
    ['docker > 20.10', DOCKER, false],
    ['docker > 20', 'docker/28.2.2', true],
    ['docker = 20', DOCKER, true],
    ['docker = 20.10.23', DOCKER, false],
    ['docker >= 20.10.24', DOCKER, true],
    ['docker >= 20.10.0', 'docker/20.10', true],
    ['docker-client', DOCKER, false],
    ['arch', DOCKER, true],
    ['Skopeo < 2', 'skopeo/1.9.3', true],
    ['containerd < 1.7', 'containerd/1.6.20~ds1', true],
    ['buildkit >= 0.12', 'buildkit/v0.12.5', true],
    ['docker < 20.10', 'docker/dev', false],
    ['docker', 'docker', true],
    ['docker < 20.10', 'docker', false],
    ['docker', 'curl (docker/1.0)', false],
    ['docker', 'curl (docker', false],
    ['docker', '', false],
    ['docker', `${'x'.repeat(512)} docker/1.0`, false],
  ])('%s against %s: %s', (text, agent, wanted) => {
    expect(fits(text, agent)).toBe(wanted);
  });

  it.each([
    '',
    'docker <',
    'docker < x',
    'docker <20.10',
    'docker ~ 20.10',
    'docker < 20.10.x',
    'a/b',
    'docker  < 1',
  ])('%j is refused', (text) => {
    expect(parseClientTest(text)).toEqual({
      ok: false,
      reason: expect.stringContaining('such as docker < 20.10'),
    });
  });
});
