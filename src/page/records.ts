/** Records as the API gives them; what a screen reads of them. The authority is docs/record.md. */

export interface Evidenced {
  readonly evidence?: 'observed' | 'verified' | 'looked-up' | 'claimed';
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
    readonly size?: number;
  };
  readonly tag?: { readonly name: string; readonly from?: string; readonly prev?: number };
  readonly actor?: Evidenced & {
    readonly sub: string;
    readonly kind: string;
    readonly method: string;
    readonly issuer?: string;
    readonly groups?: readonly string[];
  };
  readonly peer?: {
    readonly ip: string;
    readonly host?: string;
    readonly hostBy?: string;
    readonly socket?: string;
    readonly forwarded?: readonly string[];
    readonly ua?: string;
  };
  readonly build?: Evidenced & {
    readonly issuer?: string;
    readonly job?: string;
    readonly number?: number;
    readonly url?: string;
  };
  readonly source?: Evidenced & { readonly uri?: string; readonly commit?: string; readonly ref?: string };
  readonly policy?: {
    readonly rules?: readonly string[];
    readonly decision?: string;
    readonly digest?: string;
  };
  readonly base?: readonly {
    readonly name?: string;
    readonly digest?: string;
    readonly by: string;
    readonly evidence: string;
  }[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, string>>;
}

export interface RecordPage {
  readonly items: readonly RecordItem[];
  readonly next?: string;
  readonly watermark?: number;
}
