/**
 * The Basic scheme, in the one form that cannot be read in two ways.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7617
 */

export interface BasicCredentials {
  /** May be empty: some clients send a refresh token as password of the empty user. */
  readonly user: string;
  readonly password: string;
}

/** In bytes of the header: room for a password that is a token, and no more. */
const HEADER_LIMIT = 8192;
const USER_LIMIT = 255;

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
/** RFC 7617 section 2 forbids control characters in both parts; C1 controls are refused as well. */
const CONTROL = /\p{Cc}/u;

/**
 * Reads the value of an Authorization header where credentials are Basic or absent.
 *
 * @returns undefined without a header; 'malformed' for everything that is not well-formed Basic, other schemes
 *   included: a client that sent something must never be taken for one that sent nothing.
 */
export function parseBasic(header: string | undefined): BasicCredentials | 'malformed' | undefined {
  if (header === undefined) return undefined;
  if (header.length > HEADER_LIMIT) return 'malformed';
  const encoded = BASIC.exec(header)?.[1];
  if (encoded === undefined) return 'malformed';
  const bytes = Buffer.from(encoded, 'base64');
  // Node's decoder drops what it does not understand; the way back shows it.
  if (bytes.toString('base64') !== encoded) return 'malformed';
  const text = decodeUtf8(bytes);
  // A password may hold colons, a user name cannot.
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0 || colon > USER_LIMIT || CONTROL.test(text)) return 'malformed';
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    // ignoreBOM keeps a leading U+FEFF: it belongs to the name, and names are compared as they are.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
