/** What the matrix knows of a client: what it can do, how, and why not. One file of this folder for each. */
import type { Credentials } from '../../support/clients.ts';
import type { Host } from '../../support/hosts.ts';
import type { Need } from '../../support/needs.ts';
import type { Result } from '../../support/process.ts';
import type { Site } from '../site.ts';

/** The columns of the matrix, in their order. */
export const OPERATIONS = [
  'login',
  'push',
  're-push',
  'mount',
  'multi-platform',
  'pull',
  'delete',
  'refusal',
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** An OCI layout with one entry, which is named `v1`. */
export interface Source {
  readonly folder: string;
  /** `oci:<folder>:v1`. */
  readonly reference: string;
  /** Of what the entry is. Clients that compress push another one. */
  readonly digest: string;
}

/** A client on a host, with a login and images of its own. References are `host:port/repository:tag` or `…@digest`. */
export interface Hands {
  /** Clients without a command for it read what it stores, or take it with each command. */
  login(credentials: Credentials): Promise<Result>;
  logout(): Promise<unknown>;
  /** Pushes one image. */
  push(source: Source, reference: string): Promise<Result>;
  /** Pushes again what it just pushed as `from`, in the way in which this client asks for mounts. */
  pushElsewhere?(source: Source, from: string, to: string): Promise<Result>;
  /** Pushes an index with all that it lists. */
  pushAll?(source: Source, reference: string): Promise<Result>;
  /** Pulls from the registry, whatever it has already. */
  pull(reference: string): Promise<Result>;
  delete?(reference: string): Promise<Result>;
}

export interface Driver {
  /** As the page names it. */
  readonly name: string;
  /** What was tested, as the page names it. */
  readonly version: string;
  /** The tier that it is in with docker-registry 2.8. With distribution 3 all are in the full tier. */
  readonly tier: 'default' | 'full';
  readonly needs: readonly Need[];
  /** What there is no test of, and why. */
  readonly without: Readonly<Partial<Record<Operation, string>>>;
  /** Its login asks the registry; otherwise a wrong password shows at the first use. */
  readonly asksAtLogin: boolean;
  /** The start of the User-Agent at a push. */
  readonly agent: RegExp;
  /** What a wrong password shows; some clients say nothing but their own words. */
  readonly wrongPassword: RegExp;
  /**
   * `remembers`: it asks for a mount from where it saw a layer last, also where it may no longer pull.
   * `reads`: it asks for a mount while it copies from one repository to another.
   */
  readonly mounts?: 'remembers' | 'reads';
  /** It looks at the tag first, and writes nothing where that shows the same image already. */
  readonly looksFirst?: true;
  /** It shows the status of a refusal alone; where that is so, its page says it. */
  readonly statusOnly?: true;
  /** Starts of an upload that it tries for one image of a layer and a configuration, before it gives up; 2 unless told. */
  readonly startsOfUpload?: number;
  /** It makes an index only of images that it has pushed before, each by itself. */
  readonly listsPushed?: true;
  /** Makes the client on a host; what it starts besides is handed to `site.keep`. */
  open(site: Site, options: OpenOptions): Promise<Hands> | Hands;
}

export interface OpenOptions {
  /** Where the client keeps its images, logins and temporary files. */
  readonly folder: string;
  readonly host: Host;
  readonly timeoutMs: number;
}

/** As `docker login` stores it, for clients that read it and have no command of their own. */
export function dockerConfig(registry: string, { user, password }: Credentials): string {
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  return JSON.stringify({ auths: { [registry]: { auth } } });
}

export const DONE: Result = { status: 0, stdout: '', stderr: '' };
