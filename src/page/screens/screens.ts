/** Every screen, by the first part of its address. */
import type { FunctionComponent } from 'preact';
import type { Place } from '../location.ts';
import type { Word } from '../words/en.ts';
import { Access } from './access.tsx';
import { Compare } from './compare.tsx';
import { Grants } from './grants.tsx';
import { Hosts } from './hosts.tsx';
import { Image } from './image.tsx';
import { NotFound } from './not-found.tsx';
import { Overview } from './overview.tsx';
import { Policy } from './policy.tsx';
import { RecordDetail } from './record-detail.tsx';
import { Records } from './records.tsx';
import { SignedLog } from './signed-log.tsx';

export interface Screen {
  /** '' is where one begins. */
  readonly path: string;
  /** What may stand behind it; nothing unless told. */
  readonly rest?: RegExp;
  readonly word: Word;
  readonly inMenu: boolean;
  readonly View: FunctionComponent<{ readonly place: Place }>;
}

const NOT_FOUND: Screen = { path: '-', word: 'notFound.title', inMenu: false, View: NotFound };
const NUMBER = String.raw`\d{1,15}`;

export const SCREENS: readonly Screen[] = [
  { path: '', word: 'nav.overview', inMenu: true, View: Overview },
  { path: 'records', word: 'nav.records', inMenu: true, View: Records },
  {
    ...{ path: 'record', rest: new RegExp(`^/${NUMBER}$`), word: 'nav.records' },
    ...{ inMenu: false, View: RecordDetail },
  },
  {
    ...{ path: 'compare', rest: new RegExp(`^/${NUMBER}/${NUMBER}$`), word: 'compare.title' },
    ...{ inMenu: false, View: Compare },
  },
  { path: 'image', word: 'nav.image', inMenu: true, View: Image },
  { path: 'hosts', rest: /^(?:\/behind)?$/, word: 'nav.hosts', inMenu: true, View: Hosts },
  {
    ...{ path: 'policy', rest: /^(?:\/(?:who|explain|versions))?$/, word: 'nav.policy' },
    ...{ inMenu: true, View: Policy },
  },
  { path: 'grants', word: 'nav.grants', inMenu: true, View: Grants },
  { path: 'access', word: 'nav.access', inMenu: true, View: Access },
  { path: 'log', word: 'nav.log', inMenu: true, View: SignedLog },
];

export function screenOf(path: string): Screen {
  const [first = ''] = path.split('/');
  const rest = path.slice(first.length);
  return SCREENS.find((one) => one.path === first && (one.rest ?? /^$/).test(rest)) ?? NOT_FOUND;
}
