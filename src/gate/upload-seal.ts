/**
 * Who began an upload, carried by the client itself: a payload and a MAC in the query of the `Location` we hand out.
 *
 * The registry lets anyone who may push into a repository go on with any upload there whose address they know. Here only
 * the subject that began it continues, finishes, looks at or cancels it. Nothing is stored, so nothing is lost by a
 * restart and nothing is shared between instances but the key.
 */
import { createHmac, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Subject } from '../policy/facts.ts';
import { readTarget, SEAL } from '../protocol/request.ts';

export interface UploadOwner {
  readonly subject: string;
  readonly kind: Subject['kind'];
  /** Where it was begun. */
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly began: number;
}

interface Upload {
  readonly repository: string;
  readonly session: string;
}

export interface UploadSeals {
  /** The `Location` of an upload with its owner in it; any other location as it is. */
  sealLocation(location: string, owner: UploadOwner): string;
  /** @returns undefined for a seal that is missing, of another upload, or not ours. */
  open(upload: Upload, seal: string | undefined): UploadOwner | undefined;
}

const MAC_BYTES = 32;
const FORM = /^([A-Za-z0-9_-]{1,1024})\.([A-Za-z0-9_-]{43})$/;

/** A key for this purpose alone, the same after a restart and in every instance that signs with the same key. */
export function deriveSealKey(privateKey: KeyObject): Uint8Array {
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' });
  return new Uint8Array(hkdfSync('sha256', secret, '', 'registry-warden upload seal v1', MAC_BYTES));
}

/** @param keys of this moment: the first seals, all open, so that an upload outlasts a change of keys. */
export function createUploadSeals(keys: () => readonly [Uint8Array, ...Uint8Array[]]): UploadSeals {
  function mac(key: Uint8Array, { repository, session }: Upload, payload: string): Buffer {
    // Neither a name nor a session holds a line end, so the three cannot be cut in another way.
    return createHmac('sha256', key).update(`${repository}\n${session}\n${payload}`).digest();
  }

  return {
    sealLocation(location, owner) {
      const reading = readTarget('GET', location);
      if (!reading.ok || reading.request.route !== 'upload') return location;
      const { subject, kind, address, began } = owner;
      const payload = Buffer.from(JSON.stringify([subject, kind, address, began])).toString('base64url');
      const seal = `${payload}.${mac(keys()[0], reading.request, payload).toString('base64url')}`;
      return `${location}${location.includes('?') ? '&' : '?'}${SEAL}=${seal}`;
    },
    open(upload, seal) {
      const [, payload = '', sent = ''] = FORM.exec(seal ?? '') ?? [];
      const bytes = Buffer.from(sent, 'base64url');
      if (bytes.length !== MAC_BYTES) return undefined;
      if (!keys().some((key) => timingSafeEqual(bytes, mac(key, upload, payload)))) return undefined;
      // Under our MAC, so of our making.
      const fields = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as [
        string,
        Subject['kind'],
        string,
        number,
      ];
      const [subject, kind, address, began] = fields;
      return { subject, kind, address, began };
    },
  };
}
