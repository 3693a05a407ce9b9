/** What a Koa context holds of ours. */
import type { Exchange, Summary } from '../gate/exchange.ts';

export interface AppState {
  readonly exchange: Exchange;
  readonly summary: Summary;
}
