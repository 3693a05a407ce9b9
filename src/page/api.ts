/** Questions to the server that this page came from, and to nobody else. */
import { parseVisibly, visible } from './visible.ts';

/** What the server refused, or could not answer, with the sentence that it gave. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  /** The stable name of the error. */
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The code of a problem: what answered is not this server. */
export const STRANGE = 'STRANGE';

/** A page of another site can make a browser send a request, but not with this header. */
const OURS = { 'x-warden-page': '1', accept: 'application/json' };

/** @throws {Problem} */
export async function get<T>(path: string, query?: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const text = query?.toString();
  return answer<T>(`/api/v1/${path}${text ? `?${text}` : ''}`, { ...(signal && { signal }) });
}

/** At an address of its own, outside of the API. @throws {Problem} */
export async function getAt<T>(address: string): Promise<T> {
  return answer<T>(address, {});
}

/** The whole answer as a file. @throws {Problem} */
export async function getFile(path: string, query: URLSearchParams): Promise<Blob> {
  const answered = await asked(`/api/v1/${path}?${query}`, {});
  return answered.blob().catch(() => {
    throw new Problem(0, 'CUT', '');
  });
}

/**
 * The body of an answer as it comes, without an end. Browsers' own EventSource cannot say that it is this page which asks.
 *
 * @throws {Problem}
 */
export async function getStream(
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { body } = await asked(`/api/v1/${path}`, { headers, signal });
  if (body === null) throw new Problem(0, 'UNREACHABLE', '');
  return body;
}

/** @throws {Problem} */
export async function getText(path: string, query?: URLSearchParams, signal?: AbortSignal): Promise<string> {
  const text = query?.toString();
  return (await asked(`/api/v1/${path}${text ? `?${text}` : ''}`, { ...(signal && { signal }) })).text();
}

/** @throws {Problem} */
export async function send<T>(method: 'POST' | 'DELETE', address: string, body?: object): Promise<T> {
  return answer<T>(address, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
}

async function answer<T>(address: string, init: RequestInit): Promise<T> {
  const text = await (await asked(address, init)).text();
  try {
    return (text === '' ? undefined : parseVisibly(text)) as T;
  } catch {
    throw new Problem(0, STRANGE, '');
  }
}

async function asked(address: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, {
      ...init,
      headers: { ...OURS, ...init.headers },
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
    });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new Problem(0, 'UNREACHABLE', '');
  }
  if (!response.ok) throw problemOf(response.status, await response.text());
  // What is asked here has never a page for an answer: something on the way has given one of its own.
  if (/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) throw new Problem(0, STRANGE, '');
  return response;
}

function problemOf(status: number, text: string): Problem {
  try {
    const { errors } = JSON.parse(text) as {
      errors: [{ code: string; message: string; detail?: { error?: string } }];
    };
    const [{ code, message, detail }] = errors;
    return new Problem(status, detail?.error ?? code, visible(message));
  } catch {
    // A proxy in front has answered, in place of a server that it does not reach or with a page of its own.
    return new Problem(status, status >= 500 ? 'UNREACHABLE' : STRANGE, '');
  }
}
