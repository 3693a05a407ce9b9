/** What a registry request asks for, in the words of the policy and of the token. Pure. */
import { type Action, UNKNOWN, type Unknown } from '../policy/facts.ts';
import type { RegistryRequest } from '../protocol/request.ts';

export interface Need {
  /** What is shown and counted: `pull`, `push`, `delete`, `list`. */
  readonly action: 'pull' | 'push' | 'delete' | 'list';
  /** UNKNOWN for the catalogue as a whole. */
  readonly repository: string | Unknown;
  readonly actions: readonly Action[];
  readonly tag: string | undefined | Unknown;
  /** The entry of a client's token that covers it. */
  readonly scope: {
    readonly type: 'repository' | 'registry';
    readonly name: string;
    readonly actions: readonly string[];
  };
  /** True for a change of the registry: what follows it is a record or a refusal that is recorded. */
  readonly writes: boolean;
  /**
   * True where a decision that an unknown fact could still turn is enough. Content without a tag is inert: an upload
   * and an untagged manifest are parts of a push whose tag is judged when it is written. Of the catalogue each name is
   * judged before it is shown.
   */
  readonly provisional: boolean;
}

/**
 * @param exists whether the tag of a manifest PUT exists; undefined while nobody has looked.
 * @returns undefined for `/v2/` itself, which any valid token may ask.
 */
export function needOf(request: RegistryRequest, exists?: boolean): Need | undefined {
  switch (request.route) {
    case 'base':
      return undefined;
    case 'catalog':
      return {
        action: 'list',
        repository: UNKNOWN,
        actions: ['list'],
        tag: undefined,
        scope: { type: 'registry', name: 'catalog', actions: ['*'] },
        writes: false,
        provisional: true,
      };
    case 'tags':
    case 'referrers':
      return pull(request.repository);
    case 'blob':
      return request.method === 'DELETE' ? erase(request.repository, undefined) : pull(request.repository);
    case 'manifest': {
      const tag = 'tag' in request.reference ? request.reference.tag : undefined;
      if (request.method === 'DELETE') return erase(request.repository, tag);
      if (request.method !== 'PUT') return pull(request.repository);
      if (tag === undefined) return push(request.repository, ['create'], UNKNOWN, true);
      if (exists === undefined) return push(request.repository, ['create', 'overwrite'], tag, true);
      return push(request.repository, [exists ? 'overwrite' : 'create'], tag, false);
    }
    case 'upload-start':
    case 'upload':
      return push(request.repository, ['create', 'overwrite'], UNKNOWN, true);
  }
}

function pull(repository: string): Need {
  const scope = { type: 'repository', name: repository, actions: ['pull'] } as const;
  return {
    action: 'pull',
    repository,
    actions: ['pull'],
    tag: undefined,
    scope,
    writes: false,
    provisional: false,
  };
}

function erase(repository: string, tag: string | undefined): Need {
  const scope = { type: 'repository', name: repository, actions: ['delete'] } as const;
  return { action: 'delete', repository, actions: ['delete'], tag, scope, writes: true, provisional: false };
}

function push(repository: string, actions: readonly Action[], tag: Need['tag'], provisional: boolean): Need {
  const scope = { type: 'repository', name: repository, actions: ['pull', 'push'] } as const;
  return { action: 'push', repository, actions, tag, scope, writes: true, provisional };
}

/** A scope as it stands in a challenge. */
export function scopeText({ type, name, actions }: Need['scope']): string {
  return `${type}:${name}:${actions.join(',')}`;
}
