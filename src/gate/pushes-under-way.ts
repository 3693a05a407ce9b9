/**
 * What belongs together: the manifests that one client pushes with one token into one repository until it writes a tag,
 * and the blobs it mounted meanwhile.
 *
 * Kept in memory only and bounded: after a restart the rest of a push under way has an id of its own. It links records;
 * nothing is decided by it.
 */

export interface PushUnderWay {
  readonly id: string;
  readonly mounted: { readonly digest: string; readonly from: string }[];
}

export interface PushesUnderWay {
  /** The push that this request is a part of; begun if there was none. */
  part(key: PushKey): PushUnderWay;
  /** Called when its tag has been written: what follows is another push. */
  end(key: PushKey): void;
}

export interface PushKey {
  readonly repository: string;
  readonly subject: string;
  readonly address: string;
  readonly jti: string;
}

const LIMIT = 10_000;
const MOUNT_LIMIT = 1_000;

export function createPushesUnderWay(newId: () => string): PushesUnderWay {
  const open = new Map<string, PushUnderWay>();
  const text = ({ repository, subject, address, jti }: PushKey): string =>
    [repository, subject, address, jti].join(' ');
  return {
    part(key) {
      const name = text(key);
      const push = open.get(name) ?? { id: newId(), mounted: [] };
      // Set anew, so that the order of the map is that of last use and the oldest is the one to go.
      open.delete(name);
      open.set(name, push);
      if (push.mounted.length > MOUNT_LIMIT) push.mounted.shift();
      if (open.size > LIMIT) open.delete(String(open.keys().next().value));
      return push;
    },
    end(key) {
      open.delete(text(key));
    },
  };
}
