/** No single address may take all that Warden can serve at once. */

export interface Shares {
  /** @returns false where the address has its share already; otherwise `leave` is owed. */
  enter(address: string): boolean;
  leave(address: string): void;
}

/** @param limit of one address: requests under way, or connections. */
export function createShares(limit: number): Shares {
  const underWay = new Map<string, number>();
  return {
    enter(address) {
      const count = underWay.get(address) ?? 0;
      if (count >= limit) return false;
      underWay.set(address, count + 1);
      return true;
    },
    leave(address) {
      const count = (underWay.get(address) ?? 0) - 1;
      if (count > 0) underWay.set(address, count);
      else underWay.delete(address);
    },
  };
}
