/** Everything that one run needs: a registry with content, Warden, and the peers before the same storage. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../test/support/ports.ts';
import { startChild } from '../test/support/process.ts';
import { type RunningRegistry, startRegistry } from '../test/support/registry.ts';
import { makeLoopbackCertificate } from '../test/support/self-signed.ts';
import { makeTemp } from '../test/support/temp.ts';
import { type RunningWarden, startWarden } from '../test/support/warden.ts';
import { type Content, fill, makeContent, REPOSITORY } from './content.ts';
import { fetchText } from './curl.ts';
import { OFFLOAD_MODES, startOffloadPeer } from './offload-peers.ts';
import { isThere, KINDS, type Peer, startPeer } from './peers.ts';
import type { Sizes } from './sizes.ts';

export interface Site {
  readonly content: Content;
  /** Direct first, Warden last. */
  readonly peers: readonly Peer[];
  /** Peers that are left out, since their program is not here. */
  readonly absent: readonly string[];
  /** The same before a registry that has its answer ready, without direct. */
  stubbed(): Promise<readonly Peer[]>;
  /** Warden with bodies that leave by nginx; none where those are not wanted, or nginx is not here. */
  offloaded(): Promise<readonly Peer[]>;
  readonly warden: RunningWarden;
  /** Resident memory of proxies that are warm and have moved nothing large yet, by process id, in bytes. */
  readonly warm: Map<number, number>;
  stop(): Promise<void>;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const POLICY = `
networks:
  intranet: [127.0.0.0/8]
  builders: [127.0.0.1]
rules:
  - id: intranet-pulls
    allow: [pull]
    repositories: ["**"]
    from: [intranet]
  - id: team-push
    allow: [push]
    repositories: ["bench/**"]
    who: { groups: [ci] }
    from: [builders]
`;

/**
 * @param only beginnings of the names of the peers that are wanted; all where undefined.
 * @param withTls whether there is a second Warden, which speaks TLS.
 */
export async function openSite(
  sizes: Sizes,
  only: readonly string[] | undefined,
  withTls: boolean,
): Promise<Site> {
  const temp = makeTemp('bench');
  const endings = new AsyncDisposableStack();
  endings.defer(() => temp.stop());
  try {
    const storage = temp.at('storage');
    const pemFile = await makeCertificate(temp.at('tls.crt'), temp.at('tls.key'), temp.at('tls.pem'));
    const registry = await startRegistry({ storage, logFile: temp.at('registry.log') });
    endings.defer(() => registry.stop());
    const content = makeContent(sizes, (name) => temp.at(name));
    await fill(registry, content);

    const builder = { name: 'builder', password: randomBytes(12).toString('base64url'), groups: ['ci'] };
    const options = { policy: POLICY, users: [builder], registry: { storage } };
    const warden = await startWarden(options);
    endings.defer(() => warden.stop());
    const tls = { certificateFile: temp.at('tls.crt'), keyFile: temp.at('tls.key') };
    const overTls = withTls
      ? await startWarden({ ...options, scheme: 'https', settings: { listen: { tls } } })
      : undefined;
    endings.defer(() => overTls?.stop());

    const wanted = KINDS.filter(
      ({ name }) => only === undefined || only.some((word) => name.startsWith(word)),
    );

    async function startPeers(registryPort: number): Promise<Peer[]> {
      const others: Peer[] = [];
      for (const kind of wanted.filter(isThere)) {
        const peer = await startPeer(kind, { registryPort, folder: temp.path, pemFile });
        endings.defer(() => peer.stop());
        others.push(peer);
      }
      return others;
    }
    async function startStubbed(): Promise<readonly Peer[]> {
      const port = await freePort();
      const script = join(import.meta.dirname, 'stub-registry.ts');
      const stub = await startChild(process.execPath, ['--no-warnings', script, String(port)]);
      endings.defer(() => stub.stop());
      await stub.waitForPort(port);
      const url = `http://127.0.0.1:${port}`;
      const before = await startWarden({ ...options, settings: { registry: { url } } });
      endings.defer(() => before.stop());
      return [...(await startPeers(port)), wardenAsPeer(before, undefined, builder)];
    }
    async function startOffloaded(): Promise<readonly Peer[]> {
      const nginx = KINDS.find(({ program }) => program === 'nginx');
      if (nginx === undefined || !isThere(nginx)) return [];
      const modes = OFFLOAD_MODES.filter(
        (mode) => only === undefined || only.some((word) => `warden ${mode}`.startsWith(word)),
      );
      const peers: Peer[] = [];
      for (const mode of modes) {
        const place = { options, storage, at: (name: string) => temp.at(`${mode}-${name}`), pemFile };
        const peer = await startOffloadPeer(
          mode,
          place,
          (one) => wardenAsPeer(one, undefined, builder).headers,
        );
        endings.defer(() => peer.stop());
        peers.push(peer);
      }
      return peers;
    }
    let offloaded: ReturnType<typeof startOffloaded> | undefined;
    let stubbed: ReturnType<typeof startStubbed> | undefined;

    return {
      content,
      peers: [direct(registry), ...(await startPeers(registry.port)), wardenAsPeer(warden, overTls, builder)],
      stubbed() {
        stubbed ??= startStubbed();
        return stubbed;
      },
      offloaded() {
        offloaded ??= startOffloaded();
        return offloaded;
      },
      absent: wanted.filter((kind) => !isThere(kind)).map(({ name }) => name),
      warden,
      warm: new Map(),
      stop: () => endings.disposeAsync(),
    };
  } catch (error) {
    await endings.disposeAsync();
    throw error;
  }
}

function direct({ port, stop }: RunningRegistry): Peer {
  const none = { tlsPort: undefined, pid: undefined, tlsPid: undefined };
  return { name: 'direct', port, ...none, registryPort: port, headers: async () => ({}), stop };
}

function wardenAsPeer(
  warden: RunningWarden,
  overTls: RunningWarden | undefined,
  builder: { name: string; password: string },
): Peer {
  const tokens = new Map<string, { readonly token: string; readonly until: number }>();
  return {
    name: 'warden',
    port: warden.port,
    tlsPort: overTls?.port,
    pid: warden.pid(),
    tlsPid: overTls?.pid(),
    registryPort: warden.registry.port,
    async headers(actions, tls = false) {
      const name = `${actions} ${tls}`;
      const known = tokens.get(name);
      if (known && known.until > Date.now()) return { authorization: `Bearer ${known.token}` };
      const credentials = actions === 'pull' ? undefined : { ...builder, user: builder.name };
      const token = await fetchToken((tls ? overTls : undefined) ?? warden, actions, credentials);
      tokens.set(name, { token, until: Date.now() + 60_000 });
      return { authorization: `Bearer ${token}` };
    },
    stop: () => warden.stop(),
  };
}

/** A token for the repository. */
export async function fetchToken(
  { url, address }: RunningWarden,
  actions: string,
  credentials: Credentials | undefined,
): Promise<string> {
  const query = new URLSearchParams({ service: address, scope: `repository:${REPOSITORY}:${actions}` });
  const text = await fetchText(`${url}/token?${query}`, credentials && { authorization: basic(credentials) });
  return (JSON.parse(text) as { token: string }).token;
}

export function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** @returns the file that holds both, as HAProxy wants it. */
async function makeCertificate(crt: string, key: string, both: string): Promise<string> {
  await makeLoopbackCertificate({ key, cert: crt });
  writeFileSync(both, readFileSync(crt, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 });
  return both;
}
