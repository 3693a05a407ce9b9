/** Logins of a Warden under test, and what its tokens are still good for. */
import type { Front, UserName } from '../gate/front.ts';
import type { Reply } from '../gate/wire.ts';

export const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

export interface LoggedIn {
  readonly token: string;
  readonly refresh: string;
}

/** As docker logs in: with a refresh token. */
export async function logIn(
  front: Front,
  user: UserName,
  scope = 'repository:team/app:pull,push',
): Promise<LoggedIn> {
  const reply = await front.askToken({ user, scope, more: { offline_token: 'true', client_id: 'docker' } });
  const { token, refresh_token: refresh } = JSON.parse(reply.text) as Record<string, string>;
  return { token: token ?? '', refresh: refresh ?? '' };
}

export function postForm(front: Front, path: string, form: Readonly<Record<string, string>>): Promise<Reply> {
  return front.ask({ method: 'POST', path, headers: FORM_TYPE, body: new URLSearchParams(form).toString() });
}

export function refreshWith(
  front: Front,
  refresh: string,
  scope = 'repository:team/app:pull,push',
): Promise<Reply> {
  const { service } = front;
  const form = { grant_type: 'refresh_token', service, client_id: 'test', refresh_token: refresh, scope };
  return postForm(front, '/token', form);
}

/** What a token is answered with where any good one is enough. */
export function baseWith(front: Front, token: string): Promise<Reply> {
  return front.ask({ path: '/v2/', token });
}

/** What the start of a push is answered with. */
export function pushWith(front: Front, token: string, from = '127.0.0.5'): Promise<Reply> {
  return front.ask({ method: 'POST', path: '/v2/team/app/blobs/uploads/', token, from });
}
