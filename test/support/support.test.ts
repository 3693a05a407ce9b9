import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createBuildah, createDocker, createPodman, createSkopeo } from './clients.ts';
import { startDockerd } from './dockerd.ts';
import { openDoor } from './door.ts';
import { makeHosts } from './hosts.ts';
import { createLayout } from './image.ts';
import { describeNeeding } from './needs.ts';
import { requireSuccess, run } from './process.ts';
import { startRegistry } from './registry.ts';
import { makeTemp, type Temp } from './temp.ts';

/** What a test started, stopped in the opposite order. */
const started: { stop(): Promise<void> }[] = [];
let temp: Temp;

function keep<T extends { stop(): Promise<void> }>(thing: T): T {
  started.push(thing);
  return thing;
}

beforeEach(() => {
  temp = keep(makeTemp('support'));
});

afterEach(async () => {
  for (const thing of started.splice(0).reverse()) await thing.stop();
});

/** The addresses that the access log has seen. */
function peersOf(log: string): Set<string> {
  return new Set([...log.matchAll(/http\.request\.remoteaddr="([\d.]+):\d+"/g)].map(([, peer]) => peer!));
}

describeNeeding(['docker-registry', 'skopeo'], 'a registry for tests', () => {
  it('keeps what is pushed, over a kill and a restart', async () => {
    const registry = keep(await startRegistry());
    const layout = createLayout(temp.at('layout'));
    const image = layout.image({ layers: 2, labels: { purpose: 'test' } }, 'v1');
    const skopeo = createSkopeo({ folder: temp.at('skopeo') });
    const reference = `${registry.address}/team/app:v1`;
    requireSuccess(await skopeo.push(layout.reference('v1'), reference));
    await registry.kill();
    expect((await skopeo.pullTo(reference, temp.at('first'))).status).not.toBe(0);
    await registry.restart();
    requireSuccess(await skopeo.pullTo(reference, temp.at('second')));
    const manifest = readFileSync(temp.at('second', 'manifest.json'));
    expect(`sha256:${createHash('sha256').update(manifest).digest('hex')}`).toBe(image.digest);
  });

  it('sees a client that came through a door under the address of that door', async () => {
    const registry = keep(await startRegistry());
    const door = keep(await openDoor('127.0.0.5', registry));
    const layout = createLayout(temp.at('layout'));
    layout.image({}, 'v1');
    const skopeo = createSkopeo({ folder: temp.at('skopeo') });
    const pushed = await skopeo.push(layout.reference('v1'), `${door.address}/app:v1`);
    requireSuccess(pushed);
    expect(peersOf(registry.log())).toEqual(new Set(['127.0.0.5']));
  });

  it('takes an index over two platforms and an artifact that speaks of it', async () => {
    const registry = keep(await startRegistry());
    const layout = createLayout(temp.at('layout'));
    const platforms = ['amd64', 'arm64'].map((architecture) => {
      const platform = { os: 'linux', architecture };
      return { platform, image: layout.image({ platform }) };
    });
    const index = layout.index(platforms, 'v1');
    layout.artifact({ artifactType: 'application/vnd.example.note', subject: index, text: 'a note' }, 'note');
    const skopeo = createSkopeo({ folder: temp.at('skopeo') });
    for (const tag of ['v1', 'note']) {
      const to = `docker://${registry.address}/app:${tag}`;
      requireSuccess(await skopeo.copy(layout.reference(tag), to, { all: true }));
    }
    const answer = await fetch(`${registry.url}/v2/app/manifests/v1`, {
      headers: { accept: index.mediaType },
    });
    expect(answer.headers.get('docker-content-digest')).toBe(index.digest);
  });

  it('writes a layer of zeros without taking its size on the disk', () => {
    const layout = createLayout(temp.at('layout'));
    const image = layout.image({ layerBytes: 64 * 1024 * 1024, fill: 'zeros' }, 'v1');
    const file = layout.blobFile(image.layers[0]!.digest);
    const { size, blocks } = statSync(file);
    expect(size).toBe(image.layers[0]!.size);
    expect(blocks * 512).toBeLessThan(1024 * 1024);
    expect(`sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`).toBe(
      image.layers[0]!.digest,
    );
  });
});

describeNeeding(['docker-registry', 'distribution3', 'skopeo'], 'distribution 3 for tests', () => {
  it('keeps what is pushed', async () => {
    const registry = keep(await startRegistry({ version: 3 }));
    const layout = createLayout(temp.at('layout'));
    layout.image({}, 'v1');
    const skopeo = createSkopeo({ folder: temp.at('skopeo') });
    const reference = `${registry.address}/team/app:v1`;
    requireSuccess(await skopeo.push(layout.reference('v1'), reference));
    requireSuccess(await skopeo.pull(reference));
  });
});

describeNeeding(['docker-registry', 'skopeo', 'ip', 'nsenter', 'root'], 'hosts for tests', () => {
  it('reach one address of the outside, each from its own', async () => {
    const hosts = keep(await makeHosts(['builder', 'laptop']));
    const registry = keep(await startRegistry({ host: hosts.lan }));
    const layout = createLayout(temp.at('layout'));
    layout.image({}, 'v1');
    for (const host of Object.values(hosts.host)) {
      const skopeo = createSkopeo({ folder: temp.at(host.name), host });
      const pushed = await skopeo.push(layout.reference('v1'), `${registry.address}/${host.name}:v1`);
      requireSuccess(pushed);
    }
    const { builder, laptop } = hosts.host;
    expect(builder.address).not.toBe(laptop.address);
    expect(peersOf(registry.log())).toEqual(new Set([builder.address, laptop.address]));
  });

  it('are gone after their stop', async () => {
    const hosts = await makeHosts(['builder']);
    await hosts.stop();
    const left = await run('ip', ['netns', 'list']);
    expect(left.stdout).not.toContain(hosts.host.builder.namespace);
    const links = await run('ip', ['-4', 'addr']);
    expect(links.stdout).not.toContain(hosts.lan);
  });
});

describeNeeding(
  ['docker-registry', 'skopeo', 'podman', 'buildah', 'dockerd', 'docker', 'ip', 'nsenter', 'root'],
  'clients for tests',
  () => {
    it.each(['skopeo', 'podman', 'buildah', 'docker'] as const)(
      '%s pushes and pulls from a host of its own',
      async (name) => {
        const hosts = keep(await makeHosts(['builder']));
        const registry = keep(await startRegistry({ host: hosts.lan }));
        const host = hosts.host.builder;
        const options = { folder: temp.at(name), host };
        const layout = createLayout(temp.at('layout'));
        layout.image({ layers: 2 }, 'v1');
        const client =
          name === 'docker'
            ? createDocker({
                ...options,
                socket: keep(await startDockerd({ host, insecureRegistries: [hosts.subnet] })).socket,
              })
            : { skopeo: createSkopeo, podman: createPodman, buildah: createBuildah }[name](options);
        const reference = `${registry.address}/team/${name}:v1`;
        requireSuccess(await client.push(layout.reference('v1'), reference));
        requireSuccess(await client.pull(reference));
        expect((await client.pull(`${registry.address}/team/none:v1`)).status).not.toBe(0);
        expect(peersOf(registry.log())).toEqual(new Set([host.address]));
      },
    );
  },
);
