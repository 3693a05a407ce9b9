/**
 * What belongs together: the manifests that one client pushes with one token into one repository until it writes a tag,
 * and the blobs it mounted meanwhile. A token that took the place of one which ended goes on with the push of that one.
 *
 * Kept in memory only and bounded: after a restart the rest of a push under way has an id of its own, and does not say
 * what was mounted before. It links records; nothing is decided by it.
 */

export interface PushesUnderWay {
  /** The id of the push that this request is a part of; begun if there was none. */
  part(key: PushKey): string;
  /** The client goes on uploading: so it is known which token followed which. */
  uploading(key: PushKey): void;
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
  /** Of the token, in seconds since 1970. */
  readonly expiresAt: number;
}

interface Push {
  readonly id: string;
  readonly expiresAt: number;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
}

/** Milliseconds before its end in which clients fetch the next token already. */
const EARLY_MS = 30_000;
/** Milliseconds without a request after which a push is none any more. A large layer is one request. */
const IDLE_MS = 3_600_000;
const LIMIT = 10_000;
/** Of one client. */
const PUSH_LIMIT = 100;
const MOUNT_LIMIT = 1_000;

/** @param now milliseconds since 1970. */
export function createPushesUnderWay(newId: () => string, now: () => number): PushesUnderWay {
  /** By client, and by the token in use. */
  const open = new Map<string, Map<string, Push>>();
  const mounts = new Map<string, Map<string, { readonly from: string; named: boolean }>>();
  const clientOf = ({ repository, subject, address }: PushKey): string =>
    [repository, subject, address].join(' ');

  function find(key: PushKey): Push | undefined {
    const ofClient = open.get(clientOf(key));
    const same = ofClient?.get(key.jti);
    if (same) return same;
    const ended = [...(ofClient ?? [])].filter(([, push]) => hasEnded(push));
    const [[jti, push] = []] = ended;
    // Of two such pushes nobody can say which one it is.
    if (ended.length !== 1 || jti === undefined) return undefined;
    ofClient?.delete(jti);
    return push;
  }

  function hasEnded({ expiresAt, lastSeen }: Push): boolean {
    return now() >= expiresAt * 1000 - EARLY_MS && now() - lastSeen < IDLE_MS;
  }

  function goOn(key: PushKey, id: string): void {
    const ofClient = open.get(clientOf(key)) ?? new Map();
    touch(ofClient, key.jti, { id, expiresAt: key.expiresAt, lastSeen: now() }, PUSH_LIMIT);
    touch(open, clientOf(key), ofClient, LIMIT);
  }

  return {
    part(key) {
      const id = find(key)?.id ?? newId();
      goOn(key, id);
      return id;
    },
    uploading(key) {
      const push = find(key);
      if (push) goOn(key, push.id);
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
      const pushes = open.get(clientOf(key));
      pushes?.delete(key.jti);
      if (pushes?.size === 0) open.delete(clientOf(key));
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
