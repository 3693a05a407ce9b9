/** Warden behind the nginx of contrib/nginx, which sends the bodies of large blobs. */
import { randomBytes } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { expect } from '@jest/globals';
import { BUILDER, type Front, type FrontOptions, startFront, type TokenAsk } from '../gate/front.ts';
import { type Blob, blobOf, putBlob } from '../gate/images.ts';
import { type Ask, ask, type Place, type Reply } from '../gate/wire.ts';
import { type RunningNginx, startNginx } from '../support/nginx.ts';
import { makeTemp } from '../support/temp.ts';
import { changeSettings } from '../support/warden.ts';

export type Mode = 'accel' | 'redirect';

export interface Site {
  readonly front: Front;
  readonly nginx: RunningNginx;
  /** The registry's storage as nginx sees it: a link. */
  readonly view: string;
  readonly keyFile: string;
  /** A blob of so many bytes in a repository. */
  put(repository: string, bytes: number): Promise<Blob>;
  /** Through nginx, following a redirect as clients do. */
  through(question: Ask): Promise<Reply>;
  /** Through nginx, the first answer alone. */
  once(question: Ask): Promise<Reply>;
  /** Straight to Warden. */
  direct(question: Ask): Promise<Reply>;
  /** Bodies that were left to nginx so far. */
  offloaded(): Promise<number>;
  stop(): Promise<void>;
}

export interface SiteOptions extends Pick<FrontOptions, 'version' | 'deletes' | 'users' | 'policy'> {
  readonly mode: Mode;
  /** Laid over the block of the settings. */
  readonly offload?: Readonly<Record<string, unknown>> & {
    readonly redirect?: Readonly<Record<string, unknown>>;
  };
  /** Of trustedProxies; the nginx alone unless told. */
  readonly proxies?: readonly string[];
  readonly nginx?: Partial<Parameters<typeof startNginx>[0]>;
}

/** Of a body that is left to nginx: above `minimumKilobytes`. */
export const LARGE = 200_000;

export async function openSite(options: SiteOptions): Promise<Site> {
  const { mode } = options;
  const { redirect, ...offload } = options.offload ?? {};
  const endings = new AsyncDisposableStack();
  try {
    const temp = makeTemp('offload');
    endings.defer(() => temp.stop());
    const keyFile = temp.at('offload.conf');
    const front = await startFront({
      ...options,
      users: options.users ?? ['alice', 'carol', 'dave'],
      settings: {
        trustedProxies: options.proxies ?? ['127.0.0.1'],
        registry: { deletes: options.deletes ?? false },
        offload: {
          mode,
          ...offload,
          ...(mode === 'redirect' && { redirect: { keyFile, ...redirect } }),
        },
      },
    });
    endings.defer(() => front.stop());
    const view = temp.at('view');
    symlinkSync(front.registry.storage, view);
    const nginx = await startNginx({
      file: `${mode}.conf`,
      warden: front.warden.address,
      storage: view,
      offloadKeyFile: keyFile,
      ...options.nginx,
    });
    endings.defer(() => nginx.stop());
    const place: Place = nginx;
    return {
      front,
      nginx,
      view,
      keyFile,
      async put(repository, bytes) {
        const user = ['sec', 'hidden'].includes(repository) ? 'carol' : 'alice';
        const token = await front.token({ user, scope: `repository:${repository}:pull,push` });
        const blob = blobOf(randomBytes(bytes));
        expect((await putBlob(front.place, repository, blob, { token, from: BUILDER })).status).toBe(201);
        return blob;
      },
      async through(question) {
        const first = await ask(place, question);
        const location = first.headers['location'];
        if (first.status !== 307 || location === undefined) return first;
        const target = new URL(location, `http://${nginx.address}`);
        return ask(
          { host: target.hostname, port: Number(target.port) },
          { ...question, path: target.pathname + target.search },
        );
      },
      once: (question) => ask(place, question),
      direct: (question) => ask(front.place, question),
      async offloaded() {
        const { text } = await front.operations('/metrics');
        return Number(
          new RegExp(`^warden_offloaded_bodies_total\\{mode="${mode}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
        );
      },
      stop: () => endings.disposeAsync(),
    };
  } catch (error) {
    await endings.disposeAsync();
    throw error;
  }
}

/** A GET of a blob by somebody who may pull the repository, or by whom is told. */
export async function pullOf(
  { front }: Site,
  repository: string,
  { digest }: Blob,
  user?: NonNullable<TokenAsk['user']>,
): Promise<Ask> {
  const token = await front.token({ ...(user && { user }), scope: `repository:${repository}:pull` });
  return { path: `/v2/${repository}/blobs/${digest}`, token };
}

export async function restartWith(
  { front }: Site,
  settings: Parameters<typeof changeSettings>[1],
): Promise<void> {
  changeSettings(front.warden.settingsFile, settings);
  await front.warden.restart();
}
