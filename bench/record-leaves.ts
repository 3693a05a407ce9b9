/**
 * Records as a company's registry makes them in three years: few repositories with most of the pushes, build numbers as
 * tags, images on a handful of bases, now and then a refusal, a deletion, a change. The same number gives the same record.
 */
import { createHash } from 'node:crypto';
import type { PushRecord } from '../src/provenance/record.ts';

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
    digest(n: number): string;
    commit(n: number): string;
  };
}

const BEGIN = Date.parse('2023-11-01T00:00:00Z');
const YEARS_MS = 3 * 365 * 86_400_000;
const REPOSITORIES = 3_000;
const USERS = 300;
const HOSTS = 40;
const BASES = 30;
const MIDDLES = 300;
const CHILDREN = 4;

/** @param size how many records there will be; they are spread over three years. */
export function createWorld(size: number): World {
  const digest = (kind: string, n: number): string =>
    `sha256:${createHash('sha256').update(`${kind} ${n}`).digest('hex')}`;
  const repository = (n: number): string => `team-${n % 120}/${n % 7 === 0 ? 'services/' : ''}app-${n}`;
  const timeOf = (n: number): string => new Date(BEGIN + Math.floor((n / size) * YEARS_MS)).toISOString();
  const idOf = (n: number): string => {
    const time = Math.floor(BEGIN + (n / size) * YEARS_MS)
      .toString(16)
      .padStart(12, '0');
    const rest = createHash('sha256').update(`id ${n}`).digest('hex');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
  };

  /** Images on record that others are built on: pushed at the very beginning, and again and again. */
  function base(n: number, which: number): PushRecord {
    const middle = which >= BASES;
    return push(n, {
      repo: middle ? `os/middle-${which - BASES}` : `os/base-${which}`,
      tag: '1',
      digest: digest('base', which),
      layers: middle ? layersOf(which, 5) : layersOf(which, 3),
      ...(middle && { on: which % BASES }),
    });
  }

  function layersOf(which: number, count: number): readonly string[] {
    return Array.from({ length: count }, (_, at) =>
      digest(`layer of base ${which % BASES}`, at < 3 ? at : which * 10 + at),
    );
  }

  function push(
    n: number,
    facts: {
      readonly repo: string;
      readonly tag: string | undefined;
      readonly digest: string;
      readonly layers: readonly string[];
      /** A base by its number. */
      readonly on?: number;
    },
  ): PushRecord {
    const random = randomOf(n);
    const host = skewed(random(), HOSTS);
    const user = skewed(random(), USERS);
    const began = timeOf(n);
    const job = `${facts.repo}/main`;
    return {
      ...{ v: 1, type: 'push.accepted', id: idOf(n), began, time: began },
      proxy: { instance: 'warden-1', version: '0.1.0' },
      subject: {
        ...{ repo: facts.repo, digest: facts.digest, size: 1_500 },
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: digest('config', n),
        ...{ layers: facts.layers.length, layerBytes: 31_457_280, layerDigests: facts.layers },
      },
      ...(facts.tag !== undefined && { tag: { name: facts.tag } }),
      actor: {
        ...{
          sub: `robot-${user}`,
          kind: 'robot',
          method: 'password',
          groups: ['ci'],
          jti: idOf(n + 1),
          evidence: 'verified',
        },
      },
      peer: {
        ...{ ip: `10.1.${host}.${1 + (n % 3)}`, host: `jenkins-${host}`, hostBy: 'allowlist' },
        ua: 'docker/24.0.7 go/go1.20.10 git-commit/311b9ff kernel/6.1.0 os/linux arch/amd64',
      },
      token: { ip: `10.1.${host}.${1 + (n % 3)}`, scopes: [`repository:${facts.repo}:pull,push`] },
      build: {
        job,
        number: n % 100_000,
        evidence: 'claimed',
      },
      source: {
        uri: `https://git.corp/${facts.repo}.git`,
        commit: commitOf(n),
        ref: 'refs/heads/main',
        evidence: 'claimed',
      },
      labels: {
        'org.opencontainers.image.revision': commitOf(n),
        'org.opencontainers.image.source': `https://git.corp/${facts.repo}`,
        'org.opencontainers.image.version': `1.${n % 1_000}`,
        maintainer: `team-${n % 120}@corp.example`,
      },
      image: {
        platform: 'linux/amd64',
        created: began,
        diffIds: facts.layers.map((layer) => `sha256:${layer.slice(-64).split('').reverse().join('')}`),
      },
      ...(facts.on !== undefined && {
        base: [
          {
            name: `os/base-${facts.on}:1`,
            digest: digest('base', facts.on),
            by: 'layers',
            evidence: 'observed',
          },
        ],
      }),
      policy: {
        rules: [user % 10 === 0 ? `team-${user}-push` : 'builders-push'],
        digest: digest('policy', Math.floor(n / 100_000)),
      },
      backend: { status: 201, ms: 20 + (n % 50) },
    };
  }

  function record(n: number): PushRecord {
    const began = timeOf(n);
    const common = {
      v: 1,
      id: idOf(n),
      time: began,
      proxy: { instance: 'warden-1', version: '0.1.0' },
    } as const;
    if (n === 0) return { ...common, type: 'log.opened' };
    const first = n - 1;
    if (first < BASES + MIDDLES) return base(n, first);
    const random = randomOf(n + 0.5);
    const which = skewed(random(), REPOSITORIES);
    const repo = repository(which);
    const kind = random();
    if (kind < 0.01) {
      const user = skewed(random(), USERS);
      return {
        ...{ ...common, type: 'push.refused', count: 1 + (n % 3), since: began, until: began },
        ...{ reason: 'POLICY_DENIED', action: 'create', subject: { repo }, tag: { name: `1.${n % 50}` } },
        actor: { sub: `person-${user}`, kind: 'person', method: 'password', evidence: 'verified' },
        peer: { ip: `10.9.${user % 250}.7`, ua: 'docker/24.0.7' },
        policy: { rules: [], decision: idOf(n).slice(-12) },
      };
    }
    if (kind < 0.015) {
      return {
        ...{
          ...common,
          type: 'login.failed',
          count: 1,
          since: began,
          until: began,
          reason: 'CREDENTIALS_REFUSED',
        },
        peer: { ip: `10.9.${n % 250}.9` },
      };
    }
    if (kind < 0.0155) {
      return {
        ...common,
        type: 'tag.drift',
        subject: { repo, digest: digest('drift', n) },
        tag: { name: 'latest' },
      };
    }
    if (kind < 0.0156)
      return {
        ...common,
        type: 'policy.changed',
        policy: { digest: digest('policy', n), files: ['default.yaml'] },
      };
    if (kind < 0.02) {
      return {
        ...{ ...common, type: 'tag.deleted', began, deletes: 'tag' },
        ...{ subject: { repo, digest: digest('image', n - 1_000) }, tag: { name: `1.${n % 1_000}` } },
        actor: { sub: 'janitor', kind: 'robot', method: 'password', evidence: 'verified' },
        peer: { ip: '10.1.250.1', host: 'janitor-1', hostBy: 'allowlist' },
        ...{ policy: { rules: ['janitor'] }, backend: { status: 202, ms: 9 } },
      };
    }
    const on = random() < 0.6 ? BASES + (which % MIDDLES) : skewed(random(), BASES);
    const latest = n % CHILDREN === 0;
    return push(n, {
      ...{ repo, tag: latest ? 'latest' : `1.${n % 1_000}`, digest: digest('image', n), on },
      layers: [...layersOf(on, on >= BASES ? 5 : 3), digest('layer', n), digest('layer', n + 0.5)],
    });
  }

  return {
    record,
    sample: {
      ...{
        hotRepository: repository(0),
        hotBase: digest('base', 0),
        rareBase: digest('base', BASES + MIDDLES - 1),
      },
      ...{ user: 'robot-7', host: 'jenkins-3', layer: digest('layer of base 0', 1) },
      digest: (n) => digest('image', n),
      commit: commitOf,
    },
  };
}

/** One commit is built several times. */
function commitOf(n: number): string {
  return createHash('sha1')
    .update(`commit ${Math.floor(n / 3)}`)
    .digest('hex');
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  const bytes = createHash('sha256').update(`random ${seed}`).digest();
  let at = 0;
  return () => {
    const value = bytes.readUInt32BE(at % 28) / 0x1_0000_0000;
    at += 4;
    return value;
  };
}

/** From 0 on; small numbers most of the time. */
function skewed(random: number, count: number): number {
  return Math.floor(count * random ** 3);
}
