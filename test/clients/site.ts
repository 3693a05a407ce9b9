/**
 * A small intranet: Warden before a registry, the build host from which pushes are allowed, a laptop from which they
 * are not, and the people of both. What the tests of this folder stand on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { stringify } from 'yaml';
import type { PullItem, PushItem } from '../../src/audit/audit.ts';
import type { Credentials } from '../support/clients.ts';
import { type Host, makeHosts } from '../support/hosts.ts';
import { createLayout, type Layout } from '../support/image.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { type RunningWarden, type Settings, startWarden } from '../support/warden.ts';

export interface Site {
  readonly warden: RunningWarden;
  readonly builder: Host;
  readonly laptop: Host;
  readonly temp: Temp;
  /** `host:port/repository`, as clients write it. */
  image(repository: string): string;
  newLayout(): Layout;
  /** The record by these filters, newest first, as the auditor reads it. */
  pushes(filters?: Readonly<Record<string, string>>): Promise<readonly PushItem[]>;
  pulls(filters?: Readonly<Record<string, string>>): Promise<readonly PullItem[]>;
  /** Lines of the log about requests with this method and status. */
  requests(method: string, status: number): readonly Readonly<Record<string, unknown>>[];
  /** Stops what it is given before everything else, last come first. */
  keep<T extends { stop(): Promise<void> }>(thing: T): T;
  stop(): Promise<void>;
}

export interface SiteOptions {
  readonly version?: 2 | 3;
  /** Laid over those of the site, which takes passwords over plain HTTP. */
  readonly settings?: (temp: Temp, lan: string) => Settings | Promise<Settings>;
  readonly scheme?: 'http' | 'https';
  /** The registry deletes, and members of ci may have it do so. */
  readonly deletes?: true;
}

/** In the group ci: may push, from the build host. */
export const ALICE: Credentials = { user: 'alice', password: 'a pass word of alice' };
/** In no group: pulls like everybody. */
export const BOB: Credentials = { user: 'bob', password: 'a pass word of bob' };
/** In the group keepers: has a repository that others do not see. */
export const CAROL: Credentials = { user: 'carol', password: 'a pass word of carol' };
/** Reads the record. */
export const AUDREY: Credentials = { user: 'audrey', password: 'a pass word of audrey' };

/** What a refused push is to show. */
export const MESSAGE = 'Push through the build service; ask the platform team.';

/** What a refused deletion is to show. */
export const DELETE_MESSAGE = 'Images are taken away on the build host only.';

/** What is to be shown where a tag may be made, and not moved. */
export const FIXED_MESSAGE = 'Tags here are not moved; take the next number.';

/** After this long a client hangs, or tries again and again: each of its commands takes a few seconds. */
export const HANGS_MS = 25_000;

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const kept: { stop(): Promise<void> }[] = [];
  const keep: Site['keep'] = (thing) => {
    kept.push(thing);
    return thing;
  };
  const stop = async (): Promise<void> => {
    for (const thing of kept.splice(0).reverse()) await thing.stop();
  };
  try {
    const temp = keep(makeTemp('site'));
    const hosts = keep(await makeHosts(['builder', 'laptop']));
    const { builder, laptop } = hosts.host;
    const settings = await options.settings?.(temp, hosts.lan);
    const warden = keep(
      await startWarden({
        policy: policyFor(hosts.subnet, builder.address),
        users: [
          { ...named(ALICE), groups: ['ci'] },
          named(BOB),
          { ...named(CAROL), groups: ['keepers'] },
          { ...named(AUDREY), groups: ['auditors'] },
        ],
        host: hosts.lan,
        settings: settings ?? {
          allowCredentialsOverHttp: true,
          ...(options.deletes && { registry: { deletes: true } }),
        },
        ...(options.scheme && { scheme: options.scheme }),
        registry: {
          ...(options.version && { version: options.version }),
          ...(options.deletes && { deletes: true }),
        },
      }),
    );
    let layouts = 0;
    return {
      warden,
      builder,
      laptop,
      temp,
      image: (repository) => `${warden.address}/${repository}`,
      newLayout: () => createLayout(temp.at(`layout-${layouts++}`)),
      pushes: (filters) => ask<PushItem>(warden, 'pushes', filters),
      pulls: (filters) => ask<PullItem>(warden, 'pulls', filters),
      requests: (method, status) =>
        warden.logLines().filter((line) => line['method'] === method && line['status'] === status),
      keep,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function named({ user, password }: Credentials): { name: string; password: string } {
  return { name: user, password };
}

function policyFor(subnet: string, builder: string): string {
  // Aliases are not taken in a policy file: what stands twice is written twice.
  return stringify(
    {
      hosts: { 'builder-01': { addresses: [builder] } },
      networks: { intranet: [subnet], builders: ['builder-01'] },
      rules: [
        { id: 'pulls', allow: ['pull'], repositories: ['team/**', 'pub/**'], from: ['intranet'] },
        {
          id: 'ci-pushes',
          allow: ['push'],
          repositories: ['team/**', 'pub/**'],
          who: { groups: ['ci'] },
          from: ['builders'],
          message: MESSAGE,
        },
        {
          id: 'ci-deletes',
          allow: ['delete'],
          repositories: ['team/**'],
          who: { groups: ['ci'] },
          from: ['builders'],
          message: DELETE_MESSAGE,
        },
        {
          id: 'fixed-tags',
          allow: ['pull', 'create'],
          repositories: ['fixed/**'],
          who: { groups: ['ci'] },
          from: ['builders'],
          message: FIXED_MESSAGE,
        },
        { id: 'names', allow: ['list'], repositories: ['team/**'], from: ['intranet'] },
        {
          id: 'keepers',
          allow: ['pull', 'push'],
          repositories: ['secret/**'],
          who: { groups: ['keepers'] },
          from: ['intranet'],
        },
        {
          id: 'audit',
          allow: ['audit'],
          repositories: ['**'],
          who: { groups: ['auditors'] },
          from: ['intranet'],
        },
      ],
    },
    { aliasDuplicateObjects: false },
  );
}

/** What the terminal of a person shows. Clients wrap and repeat; the order of their two outputs means nothing. */
export function terminal({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return `${stdout}${stderr}`;
}

/** Asks with the auditor's password over the API. */
async function ask<T>(
  warden: RunningWarden,
  kind: 'pushes' | 'pulls',
  filters: Readonly<Record<string, string>> = {},
): Promise<readonly T[]> {
  const query = new URLSearchParams({ ...filters, limit: '1000' });
  const answer = await fetch(`${warden.url}/api/v1/${kind}?${query}`, {
    headers: { authorization: basic(AUDREY) },
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`the audit answered ${answer.status}: ${text}`);
  return (JSON.parse(text) as { items: T[] }).items;
}

export function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Refusals and pulls are written a little later, in groups: looks until there are as many as expected. */
export async function eventually<T>(
  look: () => Promise<T>,
  check: (seen: T) => void,
  withinMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    try {
      check(seen);
      return seen;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(200);
  }
}

/** The digest under a tag as the registry has it now, by the auditor's eyes: an anonymous HEAD. */
export async function digestOf(site: Site, repository: string, reference: string): Promise<string> {
  const { url, address } = site.warden;
  const query = new URLSearchParams({ service: address, scope: `repository:${repository}:pull` });
  const answer = await fetch(`${url}/token?${query}`);
  const { token } = (await answer.json()) as { token: string };
  const head = await fetch(`${url}/v2/${repository}/manifests/${reference}`, {
    method: 'HEAD',
    headers: {
      authorization: `Bearer ${token}`,
      accept: [
        'application/vnd.oci.image.index.v1+json',
        'application/vnd.oci.image.manifest.v1+json',
        'application/vnd.docker.distribution.manifest.v2+json',
        'application/vnd.docker.distribution.manifest.list.v2+json',
      ].join(', '),
    },
  });
  expect(head.status).toBe(200);
  return head.headers.get('docker-content-digest') ?? '';
}
