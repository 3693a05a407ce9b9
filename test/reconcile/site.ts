/** A Warden whose registry has a second door: another registry over the same storage, that lets everybody do everything. */
import { join } from 'node:path';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, type FrontOptions, startFront } from '../gate/front.ts';
import { pushImage, type SmallImage, smallImage, type With } from '../gate/images.ts';
import { ask, type Place, type Reply } from '../gate/wire.ts';
import { type Leaf, readLog } from '../record/read-log.ts';
import { type RunningRegistry, startRegistry } from '../support/registry.ts';

export interface Report {
  readonly began: string;
  readonly ended?: string;
  readonly stopped?: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly differences: readonly Readonly<Record<string, unknown>>[];
}

export interface Site {
  readonly front: Front;
  /** Past Warden. */
  readonly behind: RunningRegistry;
  readonly around: Place;
  readonly alice: With;
  push(repository: string, tag: string): Promise<SmallImage>;
  pushAround(repository: string, tag: string): Promise<SmallImage>;
  /** Removes past Warden what the registry knows of a manifest, as its garbage collector does. */
  deleteAround(repository: string, digest: string): Promise<void>;
  /** Asks for a comparison of everything, and waits for its end. */
  reconcile(): Promise<Report>;
  report(): Promise<Report | null>;
  records(...types: readonly string[]): readonly Leaf[];
  stop(): Promise<void>;
}

export const REPOSITORIES = ['pub', 'team/app', 'team/other'];

export async function startSite(
  options: Pick<FrontOptions, 'notifications' | 'settings' | 'version'> = {},
): Promise<Site> {
  const { settings, ...rest } = options;
  const front = await startFront({
    users: ['alice', 'bob', 'erin'],
    settings: { record: { settleSeconds: 1 }, reconcile: { requestsPerSecond: 500 }, ...settings },
    ...rest,
  });
  const behind = await startRegistry({
    storage: front.registry.storage,
    deletes: true,
    ...(options.version && { version: options.version }),
    ...(options.notifications && { notifyUrl: `${front.warden.operationsUrl}/registry/notifications` }),
  });
  const around = { host: behind.host, port: behind.port };
  const scope = REPOSITORIES.map((name) => `repository:${name}:pull,push`);
  const alice = { token: await front.token({ user: 'alice', scope }), from: BUILDER };
  const api = (method: string): Promise<Reply> =>
    ask(front.place, {
      method,
      path: '/api/v1/reconciliation',
      headers: { 'content-type': 'application/json' },
      basic: { user: 'erin', password: front.passwords.erin },
    });
  const reportOf = ({ status, text }: Reply): Report | null => {
    if (status !== 200) throw new Error(text);
    return (JSON.parse(text) as { report: Report | null }).report;
  };

  return {
    front,
    behind,
    around,
    alice,
    async push(repository, tag) {
      const image = smallImage();
      const { status, text } = await pushImage(front.place, repository, tag, image, alice);
      if (status !== 201) throw new Error(text);
      return image;
    },
    async pushAround(repository, tag) {
      const image = smallImage();
      const { status, text } = await pushImage(around, repository, tag, image, {});
      if (status !== 201) throw new Error(text);
      return image;
    },
    async deleteAround(repository, digest) {
      const path = `/v2/${repository}/manifests/${digest}`;
      const { status, text } = await ask(around, { method: 'DELETE', path });
      if (status !== 202) throw new Error(text);
    },
    async reconcile() {
      reportOf(await api('POST'));
      const ended = await eventually(
        async () => reportOf(await api('GET')),
        (report) => report?.ended !== undefined,
        30_000,
      );
      return ended as Report; // as the condition says
    },
    report: async () => reportOf(await api('GET')),
    records: (...types) =>
      readLog(join(front.warden.folder, 'data')).filter(({ type }) => types.includes(type)),
    async stop() {
      await behind.stop();
      await front.stop();
    },
  };
}

export const FINDINGS = ['tag.drift', 'manifest.found', 'manifest.missing'];

/** Sends Warden what a registry would: `body` is the text of a notification. */
export function notify(
  { front }: Site,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${front.warden.operationsUrl}/registry/notifications`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.docker.distribution.events.v1+json', ...headers },
    body,
  });
}
