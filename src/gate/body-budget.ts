/** Bytes of manifests that are being received or stored: they are held in memory whole, so together they have a bound. */
import { networkOf } from '../policy/address.ts';

export interface BodyBudget {
  /** For one request of this client. */
  open(address: string): Holding;
}

export interface Holding {
  /** @returns false where there is no room for so many bytes more; nothing is taken then. */
  take(bytes: number): boolean;
  /** Gives back all that was taken. */
  leave(): void;
}

/** As many as sixty-four of the largest manifests; most have some kilobytes. */
const TOTAL_BYTES = 268_435_456;
/** Of one network: nobody can hold up the pushes of all others by sending slowly. */
const SHARE_BYTES = 67_108_864;

export function createBodyBudget(total = TOTAL_BYTES, share = SHARE_BYTES): BodyBudget {
  const held = new Map<string, number>();
  let all = 0;

  function change(network: string, bytes: number): void {
    all += bytes;
    const now = (held.get(network) ?? 0) + bytes;
    if (now > 0) held.set(network, now);
    else held.delete(network);
  }

  return {
    open(address) {
      const network = networkOf(address);
      let own = 0;
      return {
        take(bytes) {
          if (all + bytes > total || (held.get(network) ?? 0) + bytes > share) return false;
          change(network, bytes);
          own += bytes;
          return true;
        },
        leave() {
          change(network, -own);
          own = 0;
        },
      };
    },
  };
}
