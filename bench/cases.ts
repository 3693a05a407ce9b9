/** What is measured, each case for one peer at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { REPOSITORY, TAG } from './content.ts';
import { pullAtOnce, pullByMany, upload } from './curl.ts';
import { type Measured, measure, type Sample } from './measure.ts';
import type { Peer } from './peers.ts';
import { busyConnections, residentBytes } from './process-facts.ts';
import { abortPull, startSlowReaders } from './readers.ts';
import { headText, requestMany } from './requests.ts';
import type { Site } from './site.ts';
import type { Sizes } from './sizes.ts';

export interface Case {
  readonly name: string;
  readonly title: (sizes: Sizes) => string;
  /** Names of what a sample holds, with a unit; the first is what direct is compared by. */
  readonly columns: readonly string[];
  readonly tls?: boolean;
  /** Where there must be a process to look at, direct is left out. */
  readonly proxiesOnly?: boolean;
  /** Before a registry that has its answer ready. */
  readonly stub?: boolean;
  /** Begun with rounds that do not count: a runtime compiles its code once, and a service runs for months. */
  readonly small?: boolean;
  /** Also with bodies that leave by nginx. */
  readonly offload?: boolean;
  run(peer: Peer, site: Site, sizes: Sizes): Promise<Sample>;
}

const GB = 1e9;
const ACCEPT = 'application/vnd.oci.image.manifest.v1+json';
/** Milliseconds after the last aborted pull at which connections are counted. */
const SETTLE_MS = 1000;
const SAMPLE_MS = 100;

const MANIFEST = `/v2/${REPOSITORY}/manifests/${TAG}`;

/** So that what a runtime takes for its code and its heap is not held against the readers. */
async function warmUp(peer: Peer): Promise<number> {
  const head = headText('HEAD', MANIFEST, { accept: ACCEPT, ...(await peer.headers('pull')) });
  await requestMany({ port: peer.port, head: () => head, count: 1500, connections: 64, bodies: false });
  await sleep(SAMPLE_MS);
  return residentBytes(peer.pid as number); // asked of proxies alone
}

export const CASES: readonly Case[] = [
  // First, while the proxies have used no memory for anything else.
  {
    name: 'slow-readers',
    title: ({ slowReaders, slowMs }) =>
      `${slowReaders} readers that take 640 kB/s each, for ${slowMs / 1000} s: growth of resident memory`,
    columns: ['MB a reader', 'MB read'],
    proxiesOnly: true,
    async run(peer, { content, warm }, { slowReaders, slowMs }) {
      const head = headText(
        'GET',
        `/v2/${REPOSITORY}/blobs/${content.large.digest}`,
        await peer.headers('pull'),
      );
      const pid = peer.pid as number; // proxies have one
      const before = warm.get(pid) ?? (await warmUp(peer));
      warm.set(pid, before);
      let most = before;
      const readers = startSlowReaders(peer.port, head, slowReaders);
      for (let spent = 0; spent < slowMs; spent += SAMPLE_MS) {
        await sleep(SAMPLE_MS);
        most = Math.max(most, residentBytes(pid));
      }
      const read = readers.bytes();
      readers.stop();
      await sleep(SAMPLE_MS);
      return { 'MB a reader': (most - before) / slowReaders / 1e6, 'MB read': read / 1e6 };
    },
  },
  { ...requests('stub-get', 'GET of a manifest from a stub', 'GET'), stub: true, proxiesOnly: true },
  requests('manifest-get', 'GET of a manifest', 'GET'),
  requests('manifest-head', 'HEAD of a manifest', 'HEAD'),
  {
    name: 'blob-1m',
    title: ({ mediumRequests, connections }) =>
      `Blob of 1 MiB, ${mediumRequests} times over ${connections} connections`,
    columns: ['wall s', 'CPU s/GB'],
    async run(peer, { content }, { mediumRequests: count, connections }) {
      const head = headText(
        'GET',
        `/v2/${REPOSITORY}/blobs/${content.medium.digest}`,
        await peer.headers('pull'),
      );
      const bytes = count * content.medium.bytes;
      const measured = await measure(peer, false, () =>
        requestMany({ port: peer.port, head: () => head, count, connections, bodies: true }),
      );
      return perByte(measured, bytes);
    },
  },
  largeBlob('blob-256m', false),
  largeBlob('blob-256m-tls', true),
  {
    name: 'upload',
    title: ({ uploadBytes }) => `Upload of ${uploadBytes / 1024 / 1024} MiB`,
    columns: ['wall s', 'CPU s/GB'],
    async run(peer, { content }) {
      const headers = await peer.headers('pull,push');
      const { file, digest, bytes } = content.upload;
      const base = `http://127.0.0.1:${peer.port}`;
      return perByte(
        await measure(peer, false, () => upload(base, REPOSITORY, file, digest, headers)),
        bytes,
      );
    },
  },
  {
    name: 'storm',
    title: ({ hosts, layers, layerBytes }) =>
      `${hosts} hosts pull one image at once (manifest, ${layers} layers of ${layerBytes / 1024 / 1024} MiB)`,
    columns: ['wall s', 'CPU s/GB'],
    offload: true,
    async run(peer, { content }, { hosts }) {
      const headers = await peer.headers('pull');
      const base = `http://127.0.0.1:${peer.port}`;
      const image = [MANIFEST, ...content.layers.map(({ digest }) => `/v2/${REPOSITORY}/blobs/${digest}`)];
      const urls = Array.from({ length: hosts }, () => image.map((path) => base + path)).flat();
      const bytes = hosts * content.layers.reduce((sum, layer) => sum + layer.bytes, 0);
      return perByte(
        await measure(peer, false, () => pullByMany(urls, { accept: ACCEPT, ...headers }, hosts)),
        bytes,
      );
    },
  },
  {
    name: 'aborts',
    title: ({ aborts }) =>
      `${aborts} aborted pulls: upstream connections that still carry a body one second later`,
    columns: ['connections'],
    proxiesOnly: true,
    async run(peer, { content }, { aborts }) {
      const head = headText(
        'GET',
        `/v2/${REPOSITORY}/blobs/${content.large.digest}`,
        await peer.headers('pull'),
      );
      await Promise.all(Array.from({ length: aborts }, () => abortPull(peer.port, head)));
      await sleep(SETTLE_MS);
      return { connections: busyConnections(peer.pid as number, peer.registryPort) }; // proxies have one
    },
  },
];

function requests(name: string, what: string, method: 'GET' | 'HEAD'): Case {
  return {
    name,
    small: true,
    title: ({ smallRequests, connections }) =>
      `${what}, ${smallRequests} times over ${connections} connections`,
    columns: ['wall s', 'CPU us/request'],
    async run(peer, _site, { smallRequests: count, connections }) {
      const head = headText(method, MANIFEST, { accept: ACCEPT, ...(await peer.headers('pull')) });
      const bodies = method === 'GET';
      const { wallSeconds, cpuSeconds } = await measure(peer, false, () =>
        requestMany({ port: peer.port, head: () => head, count, connections, bodies }),
      );
      return {
        'wall s': wallSeconds,
        ...(cpuSeconds !== undefined && { 'CPU us/request': (cpuSeconds * 1e6) / count }),
      };
    },
  };
}

function largeBlob(name: string, tls: boolean): Case {
  return {
    name,
    title: ({ largeBytes, largeAtOnce }) =>
      `Blob of ${largeBytes / 1024 / 1024} MiB${tls ? ' over TLS' : ''}, ${largeAtOnce} at once`,
    columns: ['wall s', 'CPU s/GB'],
    tls,
    offload: true,
    async run(peer, { content }, { largeAtOnce }) {
      const headers = await peer.headers('pull', tls);
      const { digest, bytes } = content.large;
      const base = tls ? `https://127.0.0.1:${peer.tlsPort}` : `http://127.0.0.1:${peer.port}`;
      const url = `${base}/v2/${REPOSITORY}/blobs/${digest}`;
      return perByte(
        await measure(peer, tls, () => pullAtOnce(url, headers, largeAtOnce, bytes)),
        bytes * largeAtOnce,
      );
    },
  };
}

function perByte({ wallSeconds, cpuSeconds }: Measured, bytes: number): Sample {
  return {
    'wall s': wallSeconds,
    ...(cpuSeconds !== undefined && { 'CPU s/GB': cpuSeconds / (bytes / GB) }),
  };
}
