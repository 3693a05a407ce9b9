/** Reads the address of a PostgreSQL database, in the form that its own programs take. Pure. */
import { isIP } from 'node:net';

export interface PostgresAddress {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Secret. Undefined where the server asks for none, as by `peer`. */
  readonly password: string | undefined;
  /** Whether the connection is encrypted, and the server's certificate checked against its name. */
  readonly tls: boolean;
}

export type ParsedAddress =
  | { readonly ok: true; readonly address: PostgresAddress }
  | { readonly ok: false; readonly reason: string };

const EXPECTED = 'expected one line: postgresql://user:password@host[:port]/database';
const PORT = 5432;

/**
 * `postgresql://[user[:password]]@[host][:port]/database[?host=/folder/of/the/socket][&sslmode=…]`, parts percent-encoded.
 * `sslmode` is `verify-full`, the default but for loopback and sockets, or `disable`: what encrypts without a look at the
 * certificate protects from nobody.
 *
 * @returns for what it cannot read a reason that repeats nothing of it, since it may hold a password.
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
export function parsePostgresAddress(text: string): ParsedAddress {
  if (!/^postgres(?:ql)?:\/\/\S+$/.test(text)) return refused(EXPECTED);
  // An empty host is allowed here, as for a socket, and not in a URL that has a user.
  const url = parseUrl(text.replace(/^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?=[/:])/, '$1localhost'));
  if (url === undefined) return refused(EXPECTED);
  const parameters = [...url.searchParams];
  const unknown = parameters.find(([name]) => name !== 'host' && name !== 'sslmode');
  if (unknown) return refused('its only parameters are host and sslmode');
  const sslmode = url.searchParams.get('sslmode');
  if (sslmode !== null && sslmode !== 'verify-full' && sslmode !== 'disable') {
    return refused('sslmode is verify-full or disable');
  }
  const socket = url.searchParams.get('host');
  if (socket !== null && !socket.startsWith('/')) {
    return refused('the parameter host is the folder of a Unix socket, and begins with /');
  }
  const user = decode(url.username);
  const password = decode(url.password);
  const database = decode(url.pathname.slice(1));
  if (!user || !database || password === undefined || database.includes('/')) return refused(EXPECTED);
  const host = socket ?? url.hostname.replace(/^\[|\]$/g, '');
  return {
    ok: true,
    address: {
      host,
      port: url.port === '' ? PORT : Number(url.port),
      database,
      user,
      password: password === '' ? undefined : password,
      tls: sslmode === null ? !isLocal(host) : sslmode === 'verify-full',
    },
  };
}

/** Reached without a network. */
export function isLocal(host: string): boolean {
  return (
    host.startsWith('/') ||
    host === 'localhost' ||
    host === '::1' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  );
}

function refused(reason: string): ParsedAddress {
  return { ok: false, reason };
}

function parseUrl(text: string): URL | undefined {
  // URLs of a scheme that is not known to browsers take hosts that are none.
  const url = URL.parse(text.replace(/^postgres(?:ql)?:/, 'http:'));
  return url ?? undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
