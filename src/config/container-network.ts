/**
 * Sees whether this process has a container's own network, where every client that comes through a published port has
 * the gateway's address: a rule that says from where one may push is then void.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What the kernel and the container engine show; a test hands in its own. */
export interface NetworkFacts {
  /** A file that container engines put into every container's root. */
  readonly marked: boolean;
  /** For each interface but the loopback: its index here, and the index of the device it hangs on. */
  readonly interfaces: readonly { readonly name: string; readonly index: string; readonly link: string }[];
}

export function readNetworkFacts(): NetworkFacts {
  const marked = existsSync('/.dockerenv') || existsSync('/run/.containerenv');
  const folder = '/sys/class/net';
  const read = (name: string, file: string): string => {
    try {
      return readFileSync(`${folder}/${name}/${file}`, 'utf8').trim();
    } catch {
      return '';
    }
  };
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name !== 'lo') : [];
  return {
    marked,
    interfaces: names.map((name) => ({ name, index: read(name, 'ifindex'), link: read(name, 'iflink') })),
  };
}

/**
 * @returns a sentence where clients' addresses are lost on the way in. In the host's network a machine has at least one
 *   device of its own; in a bridged container every interface is one end of a pair whose other end is outside.
 */
export function hiddenClients({ marked, interfaces }: NetworkFacts): string | undefined {
  if (!marked || interfaces.length === 0) return undefined;
  if (interfaces.some(({ index, link }) => index === link)) return undefined;
  return (
    'this process runs in a container with a network of its own: through a published port every client has the ' +
    "gateway's address, so a rule that says from where one may push is void; run it in the host's network (network_mode: host)"
  );
}
