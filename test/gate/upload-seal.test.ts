import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createUploadSeals, deriveSealKey, type UploadOwner } from '../../src/gate/upload-seal.ts';
import { readTarget } from '../../src/protocol/request.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const seals = createUploadSeals(() => [deriveSealKey(privateKey)]);
const owner: UploadOwner = {
  subject: 'jenkins',
  kind: 'person',
  address: '10.1.2.11',
  began: 1_795_000_000_000,
};
const location = '/v2/team/app/blobs/uploads/0b1c?_state=abc%3D';

function openAt(target: string, by = seals): UploadOwner | undefined {
  const reading = readTarget('PUT', target);
  if (!reading.ok || reading.request.route !== 'upload') throw new Error(`no upload: ${target}`);
  return by.open(reading.request, reading.request.seal);
}

describe('the seal of an upload', () => {
  const sealed = seals.sealLocation(location, owner);

  it('tells who began it, also when the client has added its digest', () => {
    expect(openAt(sealed)).toEqual(owner);
    expect(openAt(`${sealed}&digest=sha256:${'a'.repeat(64)}`)).toEqual(owner);
  });

  it('leaves what the registry put there as it was', () => {
    expect(sealed.startsWith(`${location}&`)).toBe(true);
  });

  it('is the same key after a restart, and another with another signing key', () => {
    expect(
      openAt(
        sealed,
        createUploadSeals(() => [deriveSealKey(privateKey)]),
      ),
    ).toEqual(owner);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(
      openAt(
        sealed,
        createUploadSeals(() => [deriveSealKey(other)]),
      ),
    ).toBeUndefined();
  });

  it.each([
    ['is missing', location],
    ['is empty', `${location}&_warden=`],
    ['belongs to another session', sealed.replace('/0b1c', '/0b1d')],
    ['belongs to another repository', sealed.replace('/team/app/', '/team/sec/')],
    [
      'has another payload',
      sealed.replace(
        /_warden=[^.]+/,
        `_warden=${Buffer.from('["alice","person","10.1.2.11",1]').toString('base64url')}`,
      ),
    ],
    ['has no MAC', sealed.replace(/\.[^.]+$/, '.')],
    ['has a MAC of zeros', sealed.replace(/\.[^.]+$/, `.${'A'.repeat(43)}`)],
    ['is something else', `${location}&_warden=x`],
  ])('that %s opens nothing', (_what, target) => {
    expect(openAt(target)).toBeUndefined();
  });

  it('goes into uploads only', () => {
    const blob = `/v2/team/app/blobs/sha256:${'a'.repeat(64)}`;
    expect(seals.sealLocation(blob, owner)).toBe(blob);
  });
});
