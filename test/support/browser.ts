/** Debian's Chromium, driven by playwright. */
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';

export function startBrowser(): Promise<Browser> {
  // Tests may run as root, where Chromium has no sandbox.
  return chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A reader of their own: no cookies, no storage. */
export function newReader(
  browser: Browser,
  options: {
    readonly baseURL: string;
    readonly width?: number;
    readonly language?: string;
    readonly dark?: boolean;
  },
): Promise<BrowserContext> {
  return browser.newContext({
    baseURL: options.baseURL,
    viewport: { width: options.width ?? 1280, height: 800 },
    locale: options.language ?? 'en-GB',
    timezoneId: 'Asia/Shanghai',
    colorScheme: options.dark ? 'dark' : 'light',
    ignoreHTTPSErrors: true,
  });
}
