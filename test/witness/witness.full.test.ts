import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { parseVkey, type SignatureType, type VerifierKey } from '../../src/tlog/vkey.ts';
import { eventually } from '../gate/eventually.ts';
import { startFront } from '../gate/front.ts';
import { leavesOf } from '../provenance/a-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { type Child, run, startChild } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';

const ORIGIN = 'registry.test/push-log';
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const TIMEOUT_MS = 180_000;

function key(text: string, type: SignatureType): VerifierKey {
  const parsed = parseVkey(text, [type]);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.reason}`);
  return parsed.key;
}

describeNeeding(['docker-registry'], 'a witness in a process of its own', () => {
  it(
    'cosigns what Warden signs; without it pushes go on; a log that was rolled back is noticed',
    async () => {
      const temp = makeTemp('witness');
      const port = await freePort();
      const settings = temp.at('witness.yaml');
      const write = (logs: readonly string[]): void =>
        writeFileSync(
          settings,
          stringify({
            ...{ name: 'witness.test/w1', keyFile: 'witness.pem', state: 'seen.db', logs },
            listen: { port },
          }),
        );
      // Its own key needs no log, but the file wants one: any will do until Warden's is known.
      write(['example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k']);
      const made = await run(process.execPath, [MAIN, 'witness', 'init', '--config', settings], {});
      const witnessKey = made.stdout.trim();
      const front = await startFront({
        users: ['alice', 'erin'],
        settings: {
          transparency: {
            origin: ORIGIN,
            keyFile: 'keys/log.pem',
            witnesses: [{ key: witnessKey, url: `http://127.0.0.1:${port}` }],
            witnessSeconds: 1,
          },
        },
      });
      let witness: Child | undefined;
      try {
        const { warden } = front;
        const data = join(warden.folder, 'data');
        const shown = await warden.cli(['keys', 'show']);
        const logKey = key(/registry\.test\/push-log\+\S+/.exec(shown.stdout)?.[0] ?? '', 1);
        write([/registry\.test\/push-log\+\S+/.exec(shown.stdout)?.[0] ?? '']);
        const serve = () =>
          startChild(process.execPath, [MAIN, 'witness', 'serve', '--config', settings], {});
        const cosigned = (): number => {
          try {
            const opened = openCheckpoint(
              readFileSync(join(data, 'tlog', 'checkpoint.cosigned')),
              [logKey],
              [key(witnessKey, 4)],
            );
            return opened.ok && opened.cosigned.length === 1 ? opened.checkpoint.size : 0;
          } catch {
            return 0;
          }
        };
        const metric = async (name: string): Promise<number> => {
          const { text } = await front.operations('/metrics');
          return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
        };
        // A refused login is a record.
        const happen = () =>
          front.ask({ path: '/api/v1/pushes', basic: { user: 'alice', password: `wrong ${Math.random()}` } });

        await eventually(
          () => warden.log(),
          (log) => log.includes('a witness does not cosign'),
        );
        const troubles = async (): Promise<readonly string[]> => {
          const reply = await front.ask({
            path: '/api/v1/status',
            basic: { user: 'erin', password: front.passwords.erin },
          });
          return (JSON.parse(reply.text) as { troubles: readonly string[] }).troubles;
        };
        expect(await troubles()).toEqual(['witness-silent']);
        witness = await serve();
        await eventually(cosigned, (size) => size === leavesOf(data).length && size > 0, 30_000);
        expect(await metric('warden_log_cosigned_entries')).toBe(cosigned());
        expect(await troubles()).toEqual([]);

        const before = cosigned();
        witness.signal('SIGKILL');
        await witness.ended;
        await happen();
        await eventually(
          () => metric('warden_log_signed_entries'),
          (size) => size > before,
          30_000,
        );
        expect((await front.operations('/readyz/push')).status).toBe(200);
        expect(await metric('warden_log_cosigned_entries')).toBe(before);
        witness = await serve();
        await eventually(cosigned, (size) => size > before, 30_000);

        // Somebody with all of Warden's files goes back to an earlier state, the lock file included.
        await warden.kill();
        cpSync(data, temp.at('earlier'), { recursive: true });
        await warden.restart();
        const then = leavesOf(data).length;
        await eventually(
          async () => {
            await happen();
            return cosigned();
          },
          (size) => size > then,
          60_000,
        );
        await warden.kill();
        rmSync(data, { recursive: true });
        cpSync(temp.at('earlier'), data, { recursive: true });
        rmSync(`${data}.checkpoint.lock`);
        const last = readFileSync(join(data, 'tlog', 'checkpoint'), 'utf8');
        writeFileSync(temp.at('last.txt'), last);
        expect(await warden.cli(['log', 'adopt', temp.at('last.txt')])).toMatchObject({ status: 0 });
        await warden.restart();
        await eventually(
          () => warden.log(),
          (log) => log.includes('a witness has seen another log than this'),
          60_000,
        );
      } finally {
        await witness?.stop();
        await front.stop();
        await temp.stop();
      }
    },
    TIMEOUT_MS,
  );
});
