/** What docs/policy-tools.md shows of a running Warden: its policy with addresses of this machine, and the same answers. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { startUpload } from '../gate/images.ts';
import { ask } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningWarden, startWarden } from '../support/warden.ts';
import { blocksOf, proseOf } from './blocks.ts';
import { compareOrUpdate } from './transcripts.ts';

const PAGE = 'docs/policy-tools.md';
const blocks = blocksOf(PAGE);
/** The page's addresses and days, and those that stand for them. */
const STAND_INS = [
  ['10.1.2.11', '127.0.0.5'],
  ['10.1.2.12', '127.0.0.7'],
  ['10.7.7.7', '127.0.0.6'],
  ['10.0.0.0/8', '127.0.0.0/8'],
  // So that it is not Christmas.
  ['2026-12-20', '2098-12-20'],
  ['2027-01-04', '2099-01-04'],
] as const;
const policy = STAND_INS.reduce(
  (text, [shown, ours]) => text.replaceAll(shown, ours),
  blocks.find(({ words }) => words.get('file') === 'policies/default.yaml')?.text ?? '',
);

let warden: RunningWarden;
let message = '';
beforeAll(async () => {
  const password = randomBytes(12).toString('base64url');
  warden = await startWarden({ policy, users: [{ name: 'anna', password, groups: ['web'] }] });
  const place = { host: warden.host, port: warden.port };
  const from = '127.0.0.6';
  const query = `service=${warden.address}&scope=repository:web/shop:pull,push`;
  const answer = await ask(place, { path: `/token?${query}`, basic: { user: 'anna', password }, from });
  const { token } = JSON.parse(answer.text) as { token: string };
  message = (await startUpload(place, 'web/shop', { token, from })).error?.message ?? '';
}, 60_000);
afterAll(() => warden?.stop());

/** As the page shows it: its addresses, and fixed times, ids and digests. */
function shown(text: string): string {
  const places = STAND_INS.reduce((now, [theirs, ours]) => now.replaceAll(ours, theirs), text);
  return places
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:…')
    .replace(/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-11-23T10:00:00.000Z')
    .replace(/20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/g, '2026-11-23 10:00:00')
    .replace(/\b[0-9a-f]{16}\b/g, '5f1c0a37d2b94e68');
}

async function compare(live: string, args: readonly string[]): Promise<void> {
  const { stdout } = await eventually(
    () => warden.cli(args),
    ({ status }) => status === 0,
  );
  const [block] = blocks.filter(({ words }) => words.get('live') === live);
  if (block === undefined) throw new Error(`the page has no transcript of ${live}`);
  compareOrUpdate(block, shown(`$ warden ${args.join(' ')}\n${stdout}`));
}

describeNeeding(['docker-registry'], PAGE, () => {
  it('shows what a refused person reads', () => {
    expect(proseOf(PAGE)).toContain(`    ${shown(message)}\n`);
  });

  it('shows what the id of a decision opens', async () => {
    const [, id = ''] = /decision ([0-9a-f]{16})\)$/.exec(message) ?? [];
    await compare('decision', ['policy', 'explain', '--decision', id]);
  });

  it('shows the policies that were in force', async () => {
    const file = join(warden.folder, 'policy.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('Ask the release team.', 'Ask rita.'));
    warden.signal('SIGHUP');
    await eventually(
      () => warden.log(),
      (log) => log.includes('another policy decides'),
    );
    await compare('versions', ['policy', 'versions']);
  });
});
