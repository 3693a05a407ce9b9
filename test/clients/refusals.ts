/** The cell of the matrix that is about refusals: the person sees why, and as whom and from where they were seen. */
import { expect, it } from '@jest/globals';
import type { Host } from '../support/hosts.ts';
import { type Result, requireSuccess } from '../support/process.ts';
import type { Driver } from './drivers/driver.ts';
import type { Stand } from './matrix.ts';
import { ALICE, BOB, eventually, FIXED_MESSAGE, MESSAGE, terminal } from './site.ts';

export function describeRefusals(
  { asksAtLogin, startsOfUpload = 2, statusOnly, wrongPassword }: Driver,
  get: () => Stand,
): void {
  function expectReason(result: Result, message: string, host: Host, who: string): void {
    expect(result.status).not.toBe(0);
    const seen = terminal(result).replaceAll('\n', ' ');
    if (statusOnly) {
      expect(seen).toContain('403 Forbidden');
      return;
    }
    expect(seen).toContain(message);
    expect(seen).toContain(`seen: ${who} from ${host.address}`);
  }

  it('of a host that is not listed', async () => {
    const { site, onLaptop, newImage } = get();
    requireSuccess(await onLaptop.login(ALICE));
    const result = await onLaptop.push(newImage(), `${site.image('team/host')}:v1`);
    await onLaptop.logout();
    expectReason(result, MESSAGE, site.laptop, 'alice');
  });

  it('of a user who may not', async () => {
    const { site, onBuilder, newImage } = get();
    requireSuccess(await onBuilder.login(BOB));
    const result = await onBuilder.push(newImage(), `${site.image('team/user')}:v1`);
    await onBuilder.logout();
    expectReason(result, MESSAGE, site.builder, 'bob');
  });

  it('of a push without a login, which says how to log in', async () => {
    const { site, onBuilder, newImage } = get();
    await onBuilder.logout();
    const result = await onBuilder.push(newImage(), `${site.image('team/nobody')}:v1`);
    expectReason(result, MESSAGE, site.builder, 'no login');
    if (!statusOnly) expect(terminal(result)).toContain(`docker login ${site.warden.address}`);
  });

  it('of a wrong password', async () => {
    const { site, onBuilder, newImage } = get();
    let result = await onBuilder.login({ ...ALICE, password: 'another' });
    if (!asksAtLogin) result = await onBuilder.push(newImage(), `${site.image('team/wrong')}:v1`);
    await onBuilder.logout();
    expect(result.status).not.toBe(0);
    expect(terminal(result)).toMatch(wrongPassword);
    expect(await site.pushes({ repository: 'team/wrong' })).toEqual([]);
  });

  it('of a tag, when all layers are there', async () => {
    const { site, onBuilder, newImage } = get();
    const reference = `${site.image('fixed/app')}:v1`;
    requireSuccess(await onBuilder.login(ALICE));
    requireSuccess(await onBuilder.push(newImage(), reference));
    const result = await onBuilder.push(newImage(), reference);
    await onBuilder.logout();
    expectReason(result, FIXED_MESSAGE, site.builder, 'alice');
    await eventually(
      async () => site.requests('PUT', 403),
      (tries) => expect(tries).toHaveLength(1),
    );
  });

  it('of a pull of what only others may see', async () => {
    const { site, onLaptop } = get();
    const result = await onLaptop.pull(`${site.image('secret/plans')}:v1`);
    expectReason(result, '', site.laptop, 'no login');
  });

  it('is final: no client tries again, and each is on record', async () => {
    const { site } = get();
    const expected = [
      ['alice', site.laptop.address, 'team/host'],
      ['bob', site.builder.address, 'team/user'],
      ['', site.builder.address, 'team/nobody'],
    ];
    await eventually(
      async () => site.requests('POST', 403).length,
      (refused) => expect(refused).toBeGreaterThanOrEqual(3),
    );
    expect(site.requests('POST', 403).length).toBeLessThanOrEqual(3 * startsOfUpload);
    await eventually(
      () => site.pushes({ result: 'refused', repository: 'team/**' }),
      (records) => {
        const who = records
          .map((record) => [
            'actor' in record ? record.actor?.sub : undefined,
            'peer' in record ? record.peer?.ip : undefined,
            'subject' in record ? record.subject?.repo : undefined,
          ])
          .filter(([, , repository]) => expected.some((one) => one[2] === repository));
        expect(who).toHaveLength(3);
        expect(who).toEqual(expect.arrayContaining([...expected]));
      },
    );
  });
}
