/** GET /ui/…: the page for people who would rather look. Nothing here is secret: what it shows comes from the API. */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import { INDEX, type PageFile, type PageFiles } from '../page-files.ts';
import { requireMethod } from '../require-method.ts';
import type { AppState } from '../state.ts';

/**
 * Scripts, styles and requests of this server alone; nothing inline, nothing framed, no form to elsewhere.
 *
 * @see https://www.w3.org/TR/CSP3/
 */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  // Forms are read by the page's script; nothing that is typed stands in an address.
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_POLICY,
  // For browsers that do not know frame-ancestors.
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** Seconds. */
const YEAR = 31_536_000;

/** @param files undefined where no page was built. */
export function page(files: PageFiles | undefined): Middleware<AppState> {
  return function pageRoute(ctx) {
    ctx.state.summary.route = 'page';
    requireMethod(ctx.method, 'GET', 'HEAD');
    const file = files && fileOf(files, ctx.path.slice('/ui/'.length));
    if (file === undefined) {
      const unbuilt = 'the page is not built here: npm run build:page';
      throw new WardenError('ROUTE_UNKNOWN', files === undefined ? { sentence: unbuilt } : {});
    }
    ctx.set(PAGE_HEADERS);
    ctx.set('Cache-Control', file.immutable ? `public, max-age=${YEAR}, immutable` : 'no-cache');
    ctx.set('ETag', file.etag);
    ctx.set('Vary', 'Accept-Encoding');
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    const coding = ctx.acceptsEncodings('br', 'gzip', 'identity');
    const body = file.bodies[coding === 'br' || coding === 'gzip' ? coding : ''];
    if (coding === 'br' || coding === 'gzip') ctx.set('Content-Encoding', coding);
    ctx.type = file.type;
    ctx.body = body;
  };
}

/** The address that people remember. */
export function toPage(): Middleware<AppState> {
  return function toPageRoute(ctx) {
    ctx.state.summary.route = 'page';
    ctx.redirect('/ui/');
    ctx.status = 308;
  };
}

/** What is no file is a view, whose address the page reads itself. */
function fileOf(files: PageFiles, name: string): PageFile | undefined {
  return files.get(name) ?? (/\.(?:js|css|html|map)$/.test(name) ? undefined : files.get(INDEX));
}
