import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { basicHeader, type Reply } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { must, run } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';

const FORMULA = '=cmd|calc!A1';
/** What a terminal takes for the beginning of a command, and what turns text round. */
const STEERING = '\u009b31m\u202e\u007f';
/** What some readers take for the end of a line. */
const LINES = 'one\u2028two\u2029three\u0085four';

describeNeeding(['docker-registry'], 'exports', () => {
  let front: Front;
  const temp = makeTemp('export');
  beforeAll(async () => {
    front = await startFront({
      users: ['alice', 'erin', 'bob'],
      settings: { transparency: { origin: 'registry.corp/log', keyFile: 'log.pem', lockFile: 'log.lock' } },
    });
    const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull,push', from: BUILDER });
    for (const tag of ['1', '2', '3']) {
      const image = smallImage({ labels: { text: FORMULA, [STEERING]: STEERING, lines: LINES } });
      const reply = await pushImage(front.place, 'team/app', tag, image, {
        ...{ token, from: BUILDER },
        headers: { 'user-agent': FORMULA },
      });
      expect(reply.status).toBe(201);
    }
    const { items } = JSON.parse((await get('pushes?result=accepted')).text) as {
      items: { index: number }[];
    };
    const last = Math.max(...items.map(({ index }) => index));
    await eventually(
      async () => (await get('log/checkpoint')).text,
      (note) => Number(note.split('\n')[1]) > last,
    );
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await temp.stop();
  });

  const get = (path: string, user: 'erin' | 'bob' = 'erin'): Promise<Reply> =>
    front.ask({ path: `/api/v1/${path}`, basic: { user, password: front.passwords[user] } });
  const exportsOnRecord = async () =>
    (
      JSON.parse((await get('changes?type=export.made')).text) as {
        items: { export: object; actor: { sub: string } }[];
      }
    ).items;

  test('CSV has a head, a line for each record, and no formula', async () => {
    const reply = await get('pushes?result=accepted&format=csv');
    expect(reply.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="pushes.csv"',
    });
    const lines = reply.text.trim().split('\r\n');
    expect(lines).toHaveLength(4);
    expect(reply.text).not.toMatch(/(?:^|,)"?[=+@-]/m);
  });

  test('is itself on record: who, what, how far, and the checkpoint', async () => {
    await get('pushes?user=alice&format=ndjson');
    expect((await exportsOnRecord())[0]).toMatchObject({
      actor: { sub: 'erin', evidence: 'verified' },
      peer: { ip: '127.0.0.1' },
      export: {
        question: 'pushes',
        query: { user: 'alice' },
        format: 'ndjson',
        checkpoint: expect.stringMatching(/^registry\.corp\/log\n\d+\n/),
      },
    });
  });

  test('as lines of JSON proves itself on another machine', async () => {
    const file = temp.at('pushes.ndjson');
    const { text } = await get('pushes?result=accepted&format=ndjson');
    writeFileSync(file, text);
    const good = await front.warden.cli(['log', 'check-export', file]);
    expect({ status: good.status, said: good.stdout }).toEqual({
      status: 0,
      said: expect.stringMatching(/^good: 3 records of registry\.corp\/log, in its tree of \d+\n$/),
    });
    // The same, written by a program that escapes less.
    const lines = text.trimEnd().split('\n');
    writeFileSync(file, lines.map((line) => JSON.stringify(JSON.parse(line))).join('\n'));
    expect((await front.warden.cli(['log', 'check-export', file])).status).toBe(0);
    writeFileSync(file, text.replace('jenkins-01', 'jenkins-02'));
    const changed = await front.warden.cli(['log', 'check-export', file]);
    expect([changed.status, changed.stderr]).toEqual([1, expect.stringContaining('line 2: record')]);
    writeFileSync(file, text.slice(0, -40));
    expect((await front.warden.cli(['log', 'check-export', file])).stderr).toContain('line 4: it is no JSON');
    // Cut, or thinned out, between two lines.
    for (const [left, said] of [
      [lines.slice(0, 3), 'the last line of the export is missing: the file was cut'],
      [lines.filter((_, at) => at !== 2), 'the export had 3 lines of records, 2 are here'],
      [[...lines, lines[1]], 'line 6: stands behind the last line of the export'],
    ] as const) {
      writeFileSync(file, left.join('\n'));
      const cut = await front.warden.cli(['log', 'check-export', file]);
      expect([cut.status, cut.stderr.trim()]).toEqual([1, said]);
    }
    // A checkpoint of somebody else, who has signed just as well.
    const other = await front.warden.cli([
      ...['log', 'check-export', file, '--key'],
      'registry.corp/log+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    ]);
    expect(other.status).not.toBe(0);
  });

  test('is made by command, of a server and of the files, and is there whole or not at all', async () => {
    const file = temp.at('by-command.ndjson');
    const served = ['--url', front.warden.url, '--user-name', 'erin', '--password-stdin'];
    const asked = ['audit', 'pushes', '--accepted'];
    const input = front.passwords.erin;
    for (const [way, options] of [
      ['from the files', {}],
      ['erin', { input }],
    ] as const) {
      const from = 'input' in options ? served : [];
      const made = await front.warden.cli([...asked, ...from, '--ndjson', '--output', file], options);
      expect([way, made.status, made.stdout, made.stderr]).toEqual([way, 0, '', '']);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const checked = await front.warden.cli(['log', 'check-export', file]);
      expect([way, checked.status, checked.stdout]).toEqual([
        way,
        0,
        expect.stringMatching(/^good: 3 records/),
      ]);
      const [head = ''] = readFileSync(file, 'utf8').split('\n');
      expect(JSON.parse(head).export.by).toContain(way);
      const csv = await front.warden.cli([...asked, ...from, '--all', '--csv'], options);
      expect(csv.stdout.trimEnd().split('\r\n')).toHaveLength(4);
    }
    const before = readFileSync(file, 'utf8');
    const refused = await front.warden.cli(
      [...asked, ...served.with(3, 'bob'), '--ndjson', '--output', file],
      { input: front.passwords.bob },
    );
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('answered 403')]);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(dirname(file)).filter((name) => name.endsWith('.part'))).toEqual([]);
    // What is in between may have a page of its own for an answer.
    const between = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<h1>'));
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    const { port } = between.address() as AddressInfo;
    const elsewhere = [...asked, ...served.with(1, `http://127.0.0.1:${port}`)];
    const page = await front.warden.cli([...elsewhere, '--all', '--csv', '--output', file], { input });
    between.close();
    expect([page.status, page.stderr]).toEqual([3, expect.stringContaining('is --url its address?')]);
    expect(readFileSync(file, 'utf8')).toBe(before);
    // A pipe stands for /dev/null, which root would have replaced.
    await must('mkfifo', [temp.at('pipe')]);
    for (const name of ['pipe', '.']) {
      const kept = await front.warden.cli([...asked, '--ndjson', '--output', temp.at(name)]);
      expect([kept.status, kept.stderr]).toEqual([3, expect.stringContaining('is no file')]);
    }
    expect(statSync(temp.at('pipe')).isFIFO()).toBe(true);
    const nowhere = await front.warden.cli([...asked, '--ndjson', '--output', temp.at('none/x')]);
    expect([nowhere.status, nowhere.stderr]).toEqual([
      3,
      expect.stringMatching(/none\/x cannot be written: ENOENT/),
    ]);
  });

  test.each([
    [['--all'], /--all: give --csv or --ndjson/],
    [['--output', 'x'], /--output: is for whole answers/],
    [['--ndjson', '--csv'], /give one of them/],
    [['--ndjson', '--limit', '5'], /--limit: a whole answer has no pages/],
    [['--all', '--csv', '--password-stdin'], /give --url/],
  ])('by command refuses %j', async (options, sentence) => {
    const { status, stderr } = await front.warden.cli(['audit', 'pushes', ...options]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  });

  test('of a log that was signed further than it goes: warden check says so', async () => {
    const { folder } = front.warden;
    expect((await front.warden.cli(['check'])).stderr).not.toContain('records were signed');
    const settings = readFileSync(join(folder, 'warden.yaml'), 'utf8');
    const elsewhere = settings.replace(/^data: .*$/m, 'data: elsewhere');
    expect(elsewhere).not.toBe(settings);
    writeFileSync(join(folder, 'elsewhere.yaml'), elsewhere);
    const program = [join(import.meta.dirname, '../../src/main.ts'), 'check'];
    const { stderr } = await run(process.execPath, [...program, '--config', join(folder, 'elsewhere.yaml')]);
    expect(stderr).toMatch(
      /log\.lock:1:1 says that \d+ records were signed, and the log has 0: .*\(warning\)/,
    );
  });

  test('with lines that are not proved is not good, unless that was expected', async () => {
    const file = temp.at('activity.ndjson');
    writeFileSync(file, (await get('activity?per=day&format=ndjson')).text);
    const wrong = await front.warden.cli(['log', 'check-export', file]);
    expect([wrong.status, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/^not all is proved: 0 records .* 1 lines are not proved/),
    ]);
    expect((await front.warden.cli(['log', 'check-export', file, '--allow-unproved'])).status).toBe(0);
  });

  test.each(['pushes', 'pushes?format=csv', 'pushes?format=ndjson', 'pushes?format=ndjson&proofs=no'])(
    '%s has nothing in it that a terminal obeys',
    async (query) => {
      const reply = await get(query);
      expect(reply.status).toBe(200);
      expect(reply.text).not.toMatch(/[\u007f-\u009f\u202e]/);
      expect(reply.headers['x-content-type-options']).toBe('nosniff');
    },
  );

  test.each([
    ['format=xml', 'filter \\"format\\" is not one of csv, ndjson'],
    ['format=csv&limit=5', 'an export is whole'],
    ['format=csv&unknown=1', 'is not a filter here'],
    ['format=ndjson&proofs=maybe', 'is not yes or no'],
  ])('%s is refused before anything is recorded', async (query, sentence) => {
    const before = (await exportsOnRecord()).length;
    const reply = await get(`pushes?${query}`);
    expect([reply.status, reply.text]).toEqual([400, expect.stringContaining(sentence)]);
    expect(await exportsOnRecord()).toHaveLength(before);
  });

  test('is for those who may read, and holds what they may read', async () => {
    expect((await get('pushes?format=csv', 'bob')).status).toBe(403);
  });

  test('other questions can be taken away too', async () => {
    for (const query of [
      'image?digest=sha256:0000000',
      'pulls',
      'refusals',
      'seen?kind=user',
      'activity?by=user',
    ]) {
      const reply = await get(`${query}${query.includes('?') ? '&' : '?'}format=csv`);
      expect([query, reply.status]).toEqual([query, 200]);
    }
  });

  test('of clients that go away hold no place', async () => {
    const { host, port } = front.place;
    const authorization = basicHeader('erin', front.passwords.erin);
    for (let number = 0; number < 40; number++) {
      await new Promise<void>((resolve) => {
        const asked = request({
          host,
          port,
          path: '/api/v1/pushes?format=ndjson',
          headers: { authorization },
        });
        asked.on('error', () => undefined).on('close', resolve);
        asked.end();
        setTimeout(() => asked.destroy(), number % 20);
      });
    }
    await eventually(
      async () => (await get('pushes?format=csv')).status,
      (status) => status === 200,
    );
  });
});
