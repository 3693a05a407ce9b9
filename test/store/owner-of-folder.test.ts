import { chownSync, mkdirSync, statSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { replaceFile } from '../../src/identity/replace-file.ts';
import { putFile } from '../../src/store/durable-file.ts';
import { ownerForRoot } from '../../src/store/owner-of-folder.ts';
import { makeKeyFile } from '../../src/token/key-files.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp } from '../support/temp.ts';

/** Of a service that runs as somebody else than who types commands. */
const SERVICE = { uid: 4711, gid: 4712 };

describeNeeding(['root'], 'a file that root writes for a service', () => {
  it('is of the owner of its folder, a key too, and nobody else can read it', async () => {
    const temp = makeTemp('owner');
    try {
      mkdirSync(temp.at('service'));
      chownSync(temp.at('service'), SERVICE.uid, SERVICE.gid);
      putFile(temp.at('service', 'lock'), 'text');
      await makeKeyFile(temp.at('service', 'key.pem'), 'ES256');
      await replaceFile(temp.at('service', 'users.yaml'), () => 'users: {}\n');
      for (const name of ['lock', 'key.pem', 'users.yaml']) {
        const { uid, gid, mode } = statSync(temp.at('service', name));
        expect({ name, uid, gid, mode: mode & 0o777 }).toEqual({ name, ...SERVICE, mode: 0o600 });
      }
    } finally {
      await temp.stop();
    }
  });

  it("is root's own in root's own folder", async () => {
    const temp = makeTemp('owner');
    expect(ownerForRoot(temp.path)).toBeUndefined();
    await temp.stop();
  });
});
