/** What /api/v1/status answers, as far as this page shows it. */
import { type Asked, useAnswer } from '../use-answer.ts';

export interface Status {
  readonly record: {
    readonly writable: boolean;
    readonly why?: string;
    readonly entries?: number;
    readonly unsettled: number;
  };
  readonly disk: {
    readonly freeBytes?: number;
    readonly secondsLeft?: number;
    readonly warning?: string;
  };
  readonly tree?: {
    readonly entries: number;
    readonly signed?: string;
    readonly cosigned?: { readonly entries: number; readonly time?: string };
  };
  readonly forwarding: readonly {
    readonly destination: string;
    readonly behind?: number;
    readonly problem?: string;
  }[];
  readonly certificates: readonly { readonly use: string; readonly expires: string }[];
  readonly robots: { readonly days: number; readonly expiring: number };
  readonly troubles: readonly string[];
}

/** For those who read everything; others get 403. */
export function useStatus(): Asked<Status> {
  return useAnswer<Status>('status');
}
