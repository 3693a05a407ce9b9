/** The language of the page: that of the browser until the reader chooses. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { en, type Word, type Words } from './en.ts';
import { zh } from './zh.ts';

export const LANGUAGES = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof LANGUAGES;

const WORDS: Readonly<Record<Language, Words>> = { en, zh };

export type Say = (word: Word, values?: Readonly<Record<string, string | number>>) => string;

export function sayIn(language: Language): Say {
  const words = WORDS[language];
  return (word, values) =>
    values === undefined
      ? words[word]
      : words[word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

export function preferredLanguage(): Language {
  return navigator.languages.some((one) => one.startsWith('en'))
    ? navigator.languages.findIndex((one) => one.startsWith('zh')) === 0
      ? 'zh'
      : 'en'
    : navigator.languages.some((one) => one.startsWith('zh'))
      ? 'zh'
      : 'en';
}

export const Speech = createContext<{ readonly language: Language; readonly say: Say }>({
  language: 'en',
  say: sayIn('en'),
});

export function useSay(): Say {
  return useContext(Speech).say;
}
