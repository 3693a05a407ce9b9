/** Real clients behind the nginx of contrib/nginx over TLS, with a layer whose body is left to it. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Credentials, createSkopeo } from '../support/clients.ts';
import { createLayout, type Image } from '../support/image.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { startNginx } from '../support/nginx.ts';
import { freePort } from '../support/ports.ts';
import { must, type Result, requireSuccess } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { startWarden } from '../support/warden.ts';
import type { Mode } from './site.ts';

const ALICE: Credentials = { user: 'alice', password: 'a pass word of alice' };
const LAYER_BYTES = 3_000_000;
const HANGS_MS = 60_000;

const POLICY = `
networks:
  here: [127.0.0.0/8]
rules:
  - id: pulls
    allow: [pull]
    repositories: ["**"]
    from: [here]
  - id: pushes
    allow: [push]
    repositories: ["**"]
    who: { groups: [ci] }
    from: [here]
`;

export interface ClientSite {
  /** `host:port`. */
  readonly address: string;
  /** `host:port/team/app`, as clients write it. */
  readonly repository: string;
  readonly temp: Temp;
  readonly image: Image;
  /** Stops what it is given before everything else. */
  keep<T extends { stop(): Promise<void> }>(thing: T): T;
}

export interface PullingClient {
  readonly name: string;
  readonly needs: readonly Need[];
  /** Makes the client; what it starts besides is handed to `site.keep`. @returns one pull by a reference. */
  create(site: ClientSite): Promise<(reference: string) => Promise<Result>>;
}

/** The folder, and a limit of time, for a client of test/support/clients. */
export function optionsOf({ temp }: ClientSite, name: string): { folder: string; timeoutMs: number } {
  return { folder: temp.at(name), timeoutMs: HANGS_MS };
}

export function describeClients(mode: Mode, version: 2 | 3, clients: readonly PullingClient[]): void {
  const registry: Need = version === 3 ? 'distribution3' : 'docker-registry';
  describeNeeding(
    [registry, 'nginx', 'openssl', 'skopeo'],
    `an image whose layers nginx sends (${mode}), with a registry of version ${version}`,
    () => {
      let site: ClientSite;
      let offloaded: () => Promise<number>;
      const endings = new AsyncDisposableStack();

      beforeAll(async () => {
        const temp = makeTemp('off');
        endings.defer(() => temp.stop());
        const tls = { certificateFile: temp.at('tls.crt'), keyFile: temp.at('tls.key') };
        await must('openssl', [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
          ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'],
          ...['-keyout', tls.keyFile, '-out', tls.certificateFile],
        ]);
        const port = await freePort();
        const offloadKeyFile = temp.at('offload.conf');
        const warden = await startWarden({
          policy: POLICY,
          users: [{ name: ALICE.user, password: ALICE.password, groups: ['ci'] }],
          registry: { version },
          settings: {
            publicUrl: `https://127.0.0.1:${port}`,
            trustedProxies: ['127.0.0.1'],
            offload: { mode, ...(mode === 'redirect' && { redirect: { keyFile: offloadKeyFile } }) },
          },
        });
        endings.defer(() => warden.stop());
        const { storage } = warden.registry;
        const file = `${mode}.conf` as const;
        const nginx = await startNginx({ file, warden: warden.address, storage, port, tls, offloadKeyFile });
        endings.defer(() => nginx.stop());
        offloaded = async () => {
          const text = await (await fetch(`${warden.operationsUrl}/metrics`)).text();
          const line = new RegExp(`^warden_offloaded_bodies_total\\{mode="${mode}"\\} (\\d+)$`, 'm');
          return Number(line.exec(text)?.[1] ?? 0);
        };
        const layout = createLayout(temp.at('layout'));
        const image = layout.image({ layers: 2, layerBytes: LAYER_BYTES }, 'v1');
        site = {
          address: nginx.address,
          repository: `${nginx.address}/team/app`,
          temp,
          image,
          keep(thing) {
            endings.defer(() => thing.stop());
            return thing;
          },
        };
        const alice = createSkopeo(optionsOf(site, 'alice'));
        requireSuccess(await alice.login(nginx.address, ALICE));
        requireSuccess(await alice.push(layout.reference('v1'), `${site.repository}:v1`));
      }, 120_000);
      afterAll(() => endings.disposeAsync(), 60_000);

      for (const { name, needs, create } of clients) {
        describeNeeding(needs, `is pulled by ${name}`, () => {
          let pull: Awaited<ReturnType<PullingClient['create']>>;
          beforeAll(async () => {
            pull = await create(site);
          }, 900_000);

          it.each(['its tag', 'its digest'])(
            'by %s',
            async (by) => {
              const reference = by === 'its tag' ? ':v1' : `@${site.image.digest}`;
              const before = await offloaded();
              requireSuccess(await pull(site.repository + reference));
              // Both layers; a client that has them from before may leave them out at the second pull.
              const left = (await offloaded()) - before;
              if (by === 'its tag') expect(left).toBeGreaterThanOrEqual(site.image.layers.length);
            },
            120_000,
          );
        });
      }
    },
  );
}
