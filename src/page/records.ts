/** Records as the API gives them; what a screen reads of them. The authority is docs/record.md. */

export interface Evidenced {
  readonly evidence?: 'observed' | 'verified' | 'looked-up' | 'claimed';
}

export interface Base {
  readonly name?: string;
  readonly digest?: string;
  readonly of?: string;
  readonly by: string;
  readonly evidence: string;
}

export interface RecordItem {
  readonly index: number;
  readonly type: string;
  readonly id: string;
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly count?: number;
  readonly reason?: string;
  readonly subject?: {
    readonly repo?: string;
    readonly digest?: string;
    readonly mediaType?: string;
    readonly artifactType?: string;
    /** Bytes of the manifest. */
    readonly size?: number;
    readonly config?: string;
    readonly layers?: number;
    readonly layerBytes?: number;
    readonly layerDigests?: readonly string[];
    readonly children?: readonly { readonly digest: string; readonly platform?: string }[];
    readonly of?: string;
  };
  readonly tag?: { readonly name: string; readonly from?: string; readonly prev?: number };
  readonly actor?: Evidenced & {
    readonly sub: string;
    readonly kind: string;
    readonly method: string;
    readonly issuer?: string;
    readonly jti?: string;
    readonly groups?: readonly string[];
  };
  readonly peer?: {
    readonly ip: string;
    readonly host?: string;
    readonly hostBy?: string;
    readonly socket?: string;
    readonly forwarded?: readonly string[];
    readonly ua?: string;
    readonly tls?: {
      readonly version?: string;
      readonly certSha256?: string;
      readonly names?: readonly string[];
    };
  };
  readonly token?: { readonly ip: string; readonly scopes?: readonly string[] };
  readonly build?: Evidenced & {
    readonly issuer?: string;
    readonly project?: string;
    readonly job?: string;
    readonly number?: number;
    readonly environment?: string;
    readonly event?: string;
    readonly url?: string;
  };
  readonly source?: Evidenced & { readonly uri?: string; readonly commit?: string; readonly ref?: string };
  readonly operator?: Evidenced & { readonly name: string };
  readonly policy?: {
    readonly rules?: readonly string[];
    readonly decision?: string;
    readonly digest?: string;
  };
  readonly base?: readonly Base[];
  readonly image?: { readonly platform?: string; readonly created?: string };
  readonly labels?: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, string>>;
  readonly reconciled?: {
    readonly drifted?: number;
    readonly found?: number;
    readonly missing?: number;
  };
}

export interface RecordPage {
  readonly items: readonly RecordItem[];
  readonly next?: string;
  readonly more?: true;
  readonly watermark?: number;
}

/** A record, and its text as it is in the tree: absent where the reader may not see all of it. */
export type RecordWithLeaf = RecordItem & { readonly leaf?: string };

/** The project, the job and the number of a build, as one reads them. */
export function buildName(build: RecordItem['build']): string {
  const name = build?.job ?? build?.project ?? '';
  return [name, build?.number === undefined ? '' : `#${build.number}`].filter((one) => one !== '').join(' ');
}

/** Of the bases that are known of an image the one that is known best: seen in the layers before claimed by anybody. */
export function bestBase({ base = [] }: Pick<RecordItem, 'base'>): Base | undefined {
  // Layers that were taken over from another repository are no sign that the image stands on one there; and what a
  // record says of another image is not of this one.
  const own = base.filter(({ by, of }) => by !== 'mount' && of === undefined);
  return own.find(({ evidence }) => evidence !== 'claimed') ?? own[0];
}
