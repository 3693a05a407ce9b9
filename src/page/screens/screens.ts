/** Every screen, by the first part of its address. */
import type { FunctionComponent } from 'preact';
import type { Place } from '../location.ts';
import type { Word } from '../words/en.ts';
import { RecordDetail } from './record-detail.tsx';
import { Records } from './records.tsx';

export interface Screen {
  /** '' is where one begins. */
  readonly path: string;
  readonly word: Word;
  readonly inMenu: boolean;
  readonly View: FunctionComponent<{ readonly place: Place }>;
}

const FIRST: Screen = { path: '', word: 'nav.records', inMenu: true, View: Records };

export const SCREENS: readonly Screen[] = [
  FIRST,
  { path: 'record', word: 'nav.records', inMenu: false, View: RecordDetail },
];

export function screenOf(path: string): Screen {
  const [first = ''] = path.split('/');
  return SCREENS.find((screen) => screen.path === first) ?? FIRST;
}
