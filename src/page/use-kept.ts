/** A value that this browser keeps, and that is drawn when it changes. */
import { useState } from 'preact/hooks';
import { keep, read } from './kept.ts';

export function useKept<T>(name: string, otherwise: T): readonly [T, (value: T) => void] {
  const [value, setValue] = useState(() => read(name, otherwise));
  return [
    value,
    (next) => {
      keep(name, next);
      setValue(() => next);
    },
  ];
}
