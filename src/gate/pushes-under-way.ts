/**
 * What belongs together: the manifests that one client pushes with one token into one repository until it writes a tag,
 * and the blobs it mounted meanwhile.
 *
 * Kept in memory only and bounded: after a restart the rest of a push under way has an id of its own, and does not say
 * what was mounted before. It links records; nothing is decided by it.
 */

export interface PushesUnderWay {
  /** The id of the push that this request is a part of; begun if there was none. */
  part(key: PushKey): string;
  /** The registry has mounted a blob for this client. */
  mounted(key: PushKey, mount: Mount): void;
  /** What was mounted of the parts of a manifest. */
  mountsAmong(key: PushKey, digests: ReadonlySet<string>): readonly Mount[];
  /** Called when its tag has been written: what follows is another push. */
  end(key: PushKey): void;
}

export interface Mount {
  readonly digest: string;
  readonly from: string;
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
  const open = new Map<string, string>();
  const mounts = new Map<string, Map<string, { readonly from: string; named: boolean }>>();
  const clientOf = ({ repository, subject, address }: PushKey): string =>
    [repository, subject, address].join(' ');
  const pushOf = (key: PushKey): string => `${clientOf(key)} ${key.jti}`;

  return {
    part(key) {
      const id = open.get(pushOf(key)) ?? newId();
      touch(open, pushOf(key), id, LIMIT);
      return id;
    },
    // Not by token: for a mount, clients fetch one that covers the other repository too, and use it for nothing else.
    mounted(key, { digest, from }) {
      const ofClient = mounts.get(clientOf(key)) ?? new Map();
      touch(ofClient, digest, { from, named: false }, MOUNT_LIMIT);
      touch(mounts, clientOf(key), ofClient, LIMIT);
    },
    mountsAmong(key, digests) {
      return [...(mounts.get(clientOf(key)) ?? [])].flatMap(([digest, mount]) => {
        if (!digests.has(digest)) return [];
        mount.named = true;
        return [{ digest, from: mount.from }];
      });
    },
    end(key) {
      open.delete(pushOf(key));
      const ofClient = mounts.get(clientOf(key));
      // Those that no manifest has named belong to another push of the same client.
      for (const [digest, { named }] of ofClient ?? []) if (named) ofClient?.delete(digest);
      if (ofClient?.size === 0) mounts.delete(clientOf(key));
    },
  };
}

/** Set anew, so that the order of the map is that of last use and the oldest is the one to go. */
function touch<T>(map: Map<string, T>, name: string, value: T, limit: number): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > limit) map.delete(String(map.keys().next().value));
}
