/** Where on the page somebody goes on after signing in. Pure. */

/** In characters: it travels in a cookie. */
const LENGTH = 1_024;
const HOME = '/ui/';

/**
 * The address within the page that a text stands for, as browsers read it; `/ui/` for everything else: another host in
 * whatever spelling (`//evil`, `/\evil`), dot segments that lead out, and the addresses of signing in themselves.
 */
export function returnPath(text: string, publicUrl: string): string {
  if (text.length > LENGTH || !URL.canParse(text, publicUrl)) return HOME;
  const { origin, pathname, search, username, password } = new URL(text, publicUrl);
  const within = origin === new URL(publicUrl).origin && username === '' && password === '';
  const isView = /^(?!.*\/\/)\/ui\/(?!session|sign-in\/|signed-in\/)[A-Za-z0-9/._-]*$/.test(pathname);
  const found = pathname + search;
  return within && isView && found.length <= LENGTH ? found : HOME;
}
