/** Readers of the page in a browser: what its suites have in common. */
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { newReader, startBrowser } from '../support/browser.ts';
import { buildPage } from './build.ts';

export interface Reading {
  readonly reader: BrowserContext;
  readonly page: Page;
  /** What went wrong in the page: nothing, unless a test is about it. */
  readonly said: string[];
}

/** The page is built as it is now. */
export async function startReading(): Promise<Browser> {
  await buildPage();
  return startBrowser();
}

/** A reader of their own, with one page. */
export async function openReader(
  browser: Browser,
  options: Parameters<typeof newReader>[1],
  /** Before the page is there. */
  prepare: (reader: BrowserContext) => Promise<unknown> = async () => undefined,
): Promise<Reading> {
  const said: string[] = [];
  const reader = await newReader(browser, options);
  await prepare(reader);
  const page = await reader.newPage();
  // What does not come is named, before the test as a whole has taken too long.
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => said.push(String(error)));
  return { reader, page, said };
}

/** Where the form is shown. */
export async function signInWithPassword(page: Page, user: string, password: string): Promise<void> {
  await page.fill('input[name=user]', user);
  await page.fill('input[name=password]', password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('header nav');
}

/** By the rules of WCAG 2.2 AA that can be checked. */
export async function faultsOfAccess(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
