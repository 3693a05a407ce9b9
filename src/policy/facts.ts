/** The words of a decision: what is asked, what is known, what was answered. Types and constants only. */

/** What can be done. `push` in a rule, a scope or a question stands for create and overwrite. */
export const ACTIONS = [
  'pull',
  'create',
  'overwrite',
  'delete',
  'list',
  'audit',
  'quarantine',
  'robots',
  'grants',
  'policy',
  'sessions',
] as const;
export type Action = (typeof ACTIONS)[number];

/** Actions that are about no repository in particular; they are asked with the repository UNKNOWN. */
export const GLOBAL_ACTIONS: readonly Action[] = ['policy', 'sessions'];

/** A fact that is not known yet, for example the address from which a token will be used. Decisions are three-valued. */
export const UNKNOWN: unique symbol = Symbol('unknown');
export type Unknown = typeof UNKNOWN;

export const SUBJECT_KINDS = ['anonymous', 'person', 'robot', 'build'] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** How a caller can have authenticated; the anonymous one has not: `none`. */
export const METHODS = ['password', 'ldap', 'oidc', 'robot', 'grant', 'certificate'] as const;
export type Method = (typeof METHODS)[number];

/** What the token of a build says of it, verified by its issuer's key. */
export const BUILD_CLAIMS = [
  'issuer',
  'project',
  'branch',
  'tag',
  'job',
  'environment',
  'event',
  'operator',
] as const;
export type BuildClaim = (typeof BUILD_CLAIMS)[number];
export type BuildClaims = { readonly [Claim in BuildClaim]?: string };

/** What else its token says, for the record: no rule asks it. */
export interface BuildRun {
  /** SHA-256 of the token, in hexadecimal digits. */
  readonly token: string;
  readonly number?: number;
  readonly commit?: string;
}

/** Upper bounds of a robot or a grant: all that are given hold at once. */
export interface Bounds {
  /** Patterns as in rules, without variables. */
  readonly repositories: readonly string[];
  /** Words of rules. */
  readonly actions: readonly (Action | 'push')[];
  /** Patterns of the tags that may be written; absent: any. */
  readonly tags?: readonly string[];
  /** The canonical addresses of the one host where it works; absent: any. */
  readonly addresses?: readonly string[];
}

/** By the ids of what a token was got: what of it can be revoked. No rule asks it. */
export interface Via {
  readonly session?: string;
  readonly robot?: string;
  readonly grant?: string;
}

/** Who is asking. `name` is '' for the anonymous subject and only for it. */
export interface Subject {
  readonly name: string;
  readonly kind: SubjectKind;
  readonly groups: readonly string[];
  /** How it authenticated: `none`, or one of METHODS. */
  readonly method: string;
  /** Absent for whoever did not log in with the token of a build. */
  readonly build?: BuildClaims;
  readonly run?: BuildRun;
  /** True for a grant that somebody else has approved, and for nobody else. */
  readonly approved?: boolean;
  /** What limits a robot or a grant, whatever the rules say: see bounds.ts. */
  readonly bounds?: Bounds;
}

export const ANONYMOUS: Subject = { name: '', kind: 'anonymous', groups: [], method: 'none' };

/** One question to the policy. Every fact that is not known is UNKNOWN, never guessed. */
export interface Question {
  readonly subject: Subject;
  /** Canonical text of the client's address (as identity/client-address gives it). */
  readonly address: string | Unknown;
  /** Where the token in use was fetched; for rules with `bind: address`. At the token endpoint: the address of that request. */
  readonly tokenAddress: string;
  /** UNKNOWN for the catalogue as a whole: may this subject list any repository at all? Each name is then asked on its own. */
  readonly repository: string | Unknown;
  /** The concrete actions that this request may turn out to be: ['create','overwrite'] while it is unknown whether the tag exists. */
  readonly actions: readonly Action[];
  /** The tag written; undefined where the request has none (push by digest, pull); UNKNOWN while an upload has not named it. */
  readonly tag: string | undefined | Unknown;
  /** When it is done, in milliseconds since 1970. UNKNOWN where a token is fetched, which is used later. */
  readonly time: number | Unknown;
  /** The User-Agent, which says what it likes; undefined where there was none. UNKNOWN where a token is fetched. */
  readonly client: string | undefined | Unknown;
  /** The names in the client certificate that the connection has proved; none where it has shown none. */
  readonly certificates: readonly string[] | Unknown;
}

/**
 * granted: whatever the unknown facts turn out to be, or all are known.
 * possible: the known facts do not settle it; the token endpoint grants it, the gate decides again.
 * refused: no value of the unknown facts is granted.
 *
 * `possible` never means "settled": rules are weighed one by one, so two that together leave no case open still give it.
 */
export type Verdict = 'granted' | 'possible' | 'refused';

export interface Decision {
  readonly verdict: Verdict;
  /** Ids of the rules that made it: the matching allows, or the denies that fired; empty where nothing allowed it. */
  readonly rules: readonly string[];
  /**
   * For a refusal: the message of the deny that fired, or of the nearest allow rule (same action and repository, whose
   * who or from failed). Undefined where no rule has one.
   */
  readonly message: string | undefined;
  /**
   * For a refusal that no deny made: the id of the nearest allow rule, so that the person can be told which rule to ask
   * about. For a refusal by a deny: the id of the deny whose message is given.
   */
  readonly nearest: string | undefined;
  /** Ids of rules with `enforce: false` that hold for this question. They change nothing; they are reported. */
  readonly observed: readonly string[];
  /** Name of the host entry that the request comes from, if any. Undefined while the address is UNKNOWN. */
  readonly host: string | undefined;
  /** The rules would let it, and the bounds of who asks do not. */
  readonly bounded?: true;
  /** Where the certificate of that host was asked for, and shown. */
  readonly hostCertified?: true;
}
