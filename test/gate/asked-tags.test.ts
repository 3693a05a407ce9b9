import { beforeEach, describe, expect, it } from '@jest/globals';
import { type AskedTags, createAskedTags } from '../../src/gate/asked-tags.ts';

const pull = { subject: '', address: '10.1.2.3', repository: 'base/jdk', digest: `sha256:${'a'.repeat(64)}` };

describe('the tag of a pull by digest', () => {
  let now = 0;
  let tags: AskedTags;
  beforeEach(() => {
    now = 0;
    tags = createAskedTags(() => now);
    tags.asked(pull, '21');
  });

  it('is the one that this client asked for just before', () => {
    expect(tags.tagOf(pull)).toBe('21');
    tags.asked(pull, 'latest');
    expect(tags.tagOf(pull)).toBe('latest');
  });

  it.each([
    ['another client', { address: '10.1.2.4' }],
    ['another user', { subject: 'alice' }],
    ['another repository', { repository: 'base/jre' }],
    ['another digest', { digest: `sha256:${'b'.repeat(64)}` }],
  ])('is not that of %s', (_what, other) => {
    expect(tags.tagOf({ ...pull, ...other })).toBeUndefined();
  });

  it('is forgotten after a minute', () => {
    now = 60_000;
    expect(tags.tagOf(pull)).toBeUndefined();
  });
});
