/**
 * Records as a company's registry makes them in three years: 3000 repositories of which few have most of the pushes, 500
 * people and builders on 200 hosts, build numbers as tags, images built on images that are rebuilt each quarter, images of
 * several platforms, signatures, now and then a refusal, a deletion, a change. The same number gives the same record.
 */
import { hash } from 'node:crypto';
import type { PushRecord } from '../src/provenance/record.ts';
import { digestOf, FOUNDATIONS, type Foundation, foundation, randomOf, skewed } from './record-images.ts';

export interface World {
  /** The nth record of the log, from 1 on; 0 opens it. */
  record(n: number): PushRecord;
  /** What questions are about: of the hottest and of the rarest kind. */
  readonly sample: {
    readonly hotRepository: string;
    readonly hotBase: string;
    readonly rareBase: string;
    readonly user: string;
    readonly host: string;
    readonly layer: string;
    /** Of an image that was pushed about there. */
    digest(n: number): string;
    commit(n: number): string;
    /** Of the record at exactly this place. */
    id(n: number): string;
  };
}

const BEGIN = Date.parse('2023-11-01T00:00:00Z');
const YEARS_MS = 3 * 365 * 86_400_000;
/** Milliseconds since 1970, just after the last record. */
export const END = BEGIN + YEARS_MS;
const REPOSITORIES = 3_000;
const TEAMS = 120;
const USERS = 500;
const PERSONS_FROM = 350;
const HOSTS = 200;
const REBUILDS = 12;
/** Neighbours, which one push can make together: platforms, their index, its signature. */
const SLOT = 4;

interface Push {
  readonly repo: string;
  readonly digest: string;
  readonly tag?: string;
  readonly on?: Foundation;
  readonly platform?: string;
  readonly layers?: readonly string[];
  readonly children?: readonly { readonly digest: string; readonly platform: string }[];
  readonly of?: string;
}

/** @param size how many records there will be; they are spread over three years. */
export function createWorld(size: number): World {
  const millisOf = (n: number): number => BEGIN + Math.floor((n / size) * YEARS_MS);
  const timeOf = (n: number): string => new Date(millisOf(n)).toISOString();
  /** Few records have room for one generation of what others are built on. */
  const rebuildEvery = size < REBUILDS * FOUNDATIONS * 4 ? size : Math.floor(size / REBUILDS);
  const rebuildOf = (n: number): number => Math.min(REBUILDS - 1, Math.floor((n - 1) / rebuildEvery));
  /** All of them stand at the beginning of their generation; a short log begins in the middle of it. */
  const foundations = Math.min(FOUNDATIONS, Math.max(60, Math.floor(size / 3)));

  function idOf(n: number, kind = 'id'): string {
    const time = millisOf(n).toString(16).padStart(12, '0');
    const rest = hash('sha256', `${kind} ${n}`);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
  }

  function push(n: number, { repo, digest, tag, on, platform, layers, children, of }: Push): PushRecord {
    const slot = Math.floor(n / SLOT);
    const random = randomOf(`who ${slot}`);
    const host = skewed(random(), HOSTS);
    const user = skewed(random(), USERS);
    const robot = user < PERSONS_FROM;
    const began = timeOf(n);
    const commit = commitOf(n);
    const ip = `10.1.${host}.${1 + (slot % 3)}`;
    return {
      ...{ v: 1, type: 'push.accepted', id: idOf(n), began, time: began },
      proxy: { instance: 'warden-1', version: '0.1.0' },
      subject: {
        ...{ repo, digest, size: 1_500 },
        mediaType: `application/vnd.oci.image.${children ? 'index' : 'manifest'}.v1+json`,
        ...(of !== undefined && { artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json', of }),
        ...(children ? { children } : { config: digestOf('config', n) }),
        ...(layers && { layers: layers.length, layerBytes: 31_457_280, layerDigests: layers }),
      },
      ...(tag !== undefined && { tag: { name: tag } }),
      actor: {
        ...{ sub: `${robot ? 'robot' : 'person'}-${user}`, kind: robot ? 'robot' : 'person' },
        ...{ method: 'password', groups: ['ci'], jti: idOf(n, 'token'), evidence: 'verified' },
      },
      peer: {
        ...{ ip, host: `jenkins-${host}`, hostBy: 'allowlist' },
        ua: 'docker/24.0.7 go/go1.20.10 git-commit/311b9ff kernel/6.1.0 os/linux arch/amd64',
      },
      token: { ip, scopes: [`repository:${repo}:pull,push`] },
      build: { job: `${repo}/main`, number: slot % 100_000, evidence: 'claimed' },
      ...(layers &&
        of === undefined && {
          source: {
            uri: `https://git.corp/${repo}.git`,
            ...{ commit, ref: 'refs/heads/main', evidence: 'claimed' },
          },
          labels: {
            'org.opencontainers.image.revision': commit,
            'org.opencontainers.image.source': `https://git.corp/${repo}`,
            'org.opencontainers.image.version': `1.${slot % 1_000}`,
            maintainer: `${repo.split('/')[0]}@corp.example`,
            ...(n % 1_000 === 7 && { 'corp.example.exception': 'yes' }),
          },
          image: {
            ...{ platform: platform ?? 'linux/amd64', created: began },
            diffIds: layers.map((layer) => `sha256:${layer.slice(-32)}${layer.slice(7, 39)}`),
          },
        }),
      ...(on && {
        base: [{ name: `${on.repo}:1`, digest: on.digest, by: 'layers', evidence: 'observed' }],
      }),
      policy: {
        rules: [user % 10 === 0 ? `team-${user}-push` : 'builders-push'],
        digest: digestOf('policy', Math.floor(n / 100_000)),
      },
      backend: { status: 201, ms: 20 + (n % 50) },
    };
  }

  /** Two platforms, their index and its signature; two images with theirs; or four for themselves. */
  function pushed(n: number): PushRecord {
    const slot = Math.floor(n / SLOT);
    const place = n % SLOT;
    const random = randomOf(`slot ${slot}`);
    const kind = random();
    const shared = skewed(random(), REPOSITORIES);
    if (kind < 0.08) {
      const repo = repositoryOf(shared);
      if (place < 2) return image(n, shared, { platform: place === 0 ? 'linux/amd64' : 'linux/arm64' });
      const index = digestOf('index', slot);
      if (place === 3) return signature(n, repo, index);
      const children = ['linux/amd64', 'linux/arm64'].map((platform, at) => ({
        ...{ digest: digestOf('image', slot * SLOT + at), platform },
      }));
      return push(n, { repo, digest: index, tag: tagOf(n), children });
    }
    if (kind < 0.4) {
      const which = place < 2 ? shared : skewed(random(), REPOSITORIES);
      if (place % 2 === 0) return image(n, which, { tag: tagOf(n) });
      return signature(n, repositoryOf(which), digestOf('image', n - 1));
    }
    return image(n, skewed(randomOf(`place ${n}`)(), REPOSITORIES), { tag: tagOf(n) });
  }

  function image(n: number, which: number, facts: { readonly tag?: string; readonly platform?: string }) {
    const random = randomOf(`base ${n}`);
    const kind = random();
    const base = kind < 0.4 ? skewed(random(), 30) : 30 + (kind < 0.7 ? which % 300 : 300 + (which % 600));
    const on = foundation(base % foundations, rebuildOf(n));
    return push(n, {
      ...{ repo: repositoryOf(which), digest: digestOf('image', n), on, ...facts },
      layers: [...on.layers, digestOf('layer', n), digestOf('layer', n + 0.5)],
    });
  }

  function signature(n: number, repo: string, of: string): PushRecord {
    return push(n, {
      ...{ repo, digest: digestOf('signature', n), of, tag: `sha256-${of.slice(7)}.sig` },
      layers: [digestOf('layer', n)],
    });
  }

  function record(n: number): PushRecord {
    const time = timeOf(n);
    const common = { v: 1, id: idOf(n), time, proxy: { instance: 'warden-1', version: '0.1.0' } } as const;
    if (n === 0) return { ...common, type: 'log.opened' };
    const first = (n - 1) % rebuildEvery;
    if (first < foundations) {
      const { on, ...built } = foundation(first, rebuildOf(n));
      return push(n, { ...built, tag: '1', ...(on && { on }) });
    }
    const random = randomOf(`kind ${n}`);
    const kind = random();
    const which = skewed(random(), REPOSITORIES);
    const repo = repositoryOf(which);
    if (kind < 0.01) {
      const user = PERSONS_FROM + skewed(random(), USERS - PERSONS_FROM);
      return {
        ...{ ...common, type: 'push.refused', count: 1 + (n % 3), since: time, until: time },
        ...{ reason: 'POLICY_DENIED', action: 'create', subject: { repo }, tag: { name: `1.${n % 50}` } },
        actor: { sub: `person-${user}`, kind: 'person', method: 'password', evidence: 'verified' },
        peer: { ip: `10.9.${user % 250}.7`, ua: 'docker/24.0.7' },
        policy: { rules: n % 3 === 0 ? ['no-pushes-from-laptops'] : [], decision: idOf(n).slice(-12) },
      };
    }
    if (kind < 0.015) {
      return {
        ...{ ...common, type: 'login.failed', count: 1, since: time, until: time },
        ...{ reason: 'CREDENTIALS_REFUSED', peer: { ip: `10.9.${n % 250}.9` } },
      };
    }
    if (kind < 0.0155) {
      return {
        ...{ ...common, type: 'tag.drift', subject: { repo, digest: digestOf('drift', n) } },
        tag: { name: 'latest' },
      };
    }
    if (kind < 0.0156) {
      const policy = { digest: digestOf('policy', n), files: ['default.yaml'] };
      return { ...common, type: 'policy.changed', policy };
    }
    if (kind < 0.02) {
      return {
        ...{ ...common, type: 'tag.deleted', began: time, deletes: 'tag' },
        ...{ subject: { repo, digest: digestOf('image', n - 1_000) }, tag: { name: tagOf(n - 1_000) } },
        actor: { sub: 'janitor', kind: 'robot', method: 'password', evidence: 'verified' },
        peer: { ip: '10.1.250.1', host: 'janitor-1', hostBy: 'allowlist' },
        ...{ policy: { rules: ['janitor'] }, backend: { status: 202, ms: 9 } },
      };
    }
    return pushed(n);
  }

  /** From there on the first image with layers, which is never far. */
  function imageFrom(n: number): number {
    for (let at = n; ; at++) {
      const one = record(at);
      if (one.type === 'push.accepted' && one.image !== undefined) return at;
    }
  }

  const hot = foundation(0, 0);
  return {
    record,
    sample: {
      hotRepository: repositoryOf(0),
      ...{ hotBase: hot.digest, rareBase: foundation(foundations - 1, 0).digest, layer: hot.layers[1] ?? '' },
      ...{ user: 'robot-7', host: 'jenkins-3' },
      digest(n) {
        const one = record(imageFrom(n));
        return one.type === 'push.accepted' ? one.subject.digest : '';
      },
      commit: (n) => commitOf(imageFrom(n)),
      id: (n) => record(n).id,
    },
  };
}

function repositoryOf(which: number): string {
  return `team-${which % TEAMS}/${which % 7 === 0 ? 'services/' : ''}app-${which}`;
}

/** One push in four moves `latest`, the others have the number of their build. */
function tagOf(n: number): string {
  return Math.floor(n / SLOT) % 4 === 0 ? 'latest' : `1.${n % 1_000}`;
}

/** One commit is built several times. */
function commitOf(n: number): string {
  return hash('sha1', `commit ${Math.floor(n / SLOT)}`);
}
