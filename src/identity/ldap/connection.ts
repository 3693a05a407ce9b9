/** One connection to a directory server: it binds, searches, and never comes back by itself once it is gone. */

import type { Socket } from 'node:net';
import { Client, type Filter, NoSuchObjectError, ResultCodeError } from 'ldapts';
import { asFailure, DirectoryFailure } from './failure.ts';
import { guard } from './guarded.ts';
import { type OpenOptions, openSocket, type Server } from './socket.ts';

/** An entry as the server gave it. */
export interface Entry {
  readonly dn: string;
  /** By the lower-case name of the attribute, without options; bytes where they are no UTF-8. */
  readonly attributes: ReadonlyMap<string, readonly (string | Buffer)[]>;
}

export interface Search {
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  readonly filter: Filter;
  readonly attributes: readonly string[];
  /** In pages, where many entries may answer: Active Directory gives no more than a thousand at once. */
  readonly paged?: boolean;
}

export interface Connection {
  /** Whether the password is that of the entry. @throws {DirectoryFailure} where the server did not decide. */
  bind(dn: string, password: string): Promise<boolean>;
  /** All that the server has; nothing where the base does not exist. @throws {DirectoryFailure} for anything less. */
  search(search: Search): Promise<readonly Entry[]>;
  isOpen(): boolean;
  /** At once; what is under way fails. */
  close(): void;
}

export interface ConnectOptions extends OpenOptions {
  /** For each answer. */
  readonly answerMs: number;
}

/** In bytes, for one question. A person with a thousand groups has 200 kB of them. */
const ANSWER_LIMIT = 1_048_576;
const PAGE = 500;
/**
 * Result codes of RFC 4511 by which a server says no to this name with this password: noSuchObject,
 * inappropriateAuthentication, invalidCredentials; constraintViolation and unwillingToPerform for locked accounts.
 */
const REFUSALS = new Set([19, 32, 48, 49, 53]);

/** @throws {DirectoryFailure} */
export async function connectTo(server: Server, options: ConnectOptions): Promise<Connection> {
  const socket = await openSocket(server, options).catch((error: unknown) => {
    throw asFailure(error);
  });
  const { stream, allow } = guard(socket, ANSWER_LIMIT);
  let used = false;
  const client = new Client({
    // The address is not used: the connection is there.
    url: 'ldap://directory',
    timeout: options.answerMs,
    createConnection() {
      // The library would connect anew without a word, and without the bind.
      if (used) throw new DirectoryFailure('the connection broke');
      used = true;
      return stream as unknown as Socket; // the library uses what every stream has, and two properties of an open socket
    },
  });

  async function ask<T>(question: () => Promise<T>): Promise<T> {
    if (stream.destroyed) throw new DirectoryFailure('the connection broke');
    allow();
    try {
      return await question();
    } catch (error) {
      // The guard's own reason says more than the library's words about it.
      const reason = stream.errored instanceof DirectoryFailure ? stream.errored : error;
      throw error instanceof ResultCodeError ? error : asFailure(reason);
    }
  }

  return {
    async bind(dn, password) {
      // RFC 4513 section 5.1: with either of the two empty a server answers yes and authenticates nobody.
      if (!dn.includes('=') || password === '') return false;
      try {
        await ask(() => client.bind(dn, password));
        return true;
      } catch (error) {
        if (error instanceof ResultCodeError && REFUSALS.has(error.code)) return false;
        throw asFailure(error);
      }
    },
    async search({ base, paged, attributes, ...search }) {
      try {
        const { searchEntries } = await ask(() =>
          client.search(base, {
            ...search,
            attributes: [...attributes],
            explicitBufferAttributes: ['objectGUID'],
            timeLimit: Math.ceil(options.answerMs / 1000),
            ...(paged && { paged: { pageSize: PAGE } }),
          }),
        );
        return searchEntries.map(entryOf);
      } catch (error) {
        if (error instanceof NoSuchObjectError) return [];
        throw asFailure(error);
      }
    },
    isOpen: () => !stream.destroyed && !stream.readableEnded,
    close() {
      client.unbind().catch(() => undefined);
      stream.destroy();
    },
  };
}

function entryOf({ dn, ...rest }: { readonly dn: string; readonly [name: string]: unknown }): Entry {
  const attributes = new Map<string, readonly (string | Buffer)[]>();
  for (const [name, value] of Object.entries(rest)) {
    const key = name.toLowerCase();
    // Active Directory gives long lists in parts. Half of the groups are not the groups.
    if (/;range=/.test(key))
      throw new DirectoryFailure(`more values of ${key.replace(/;.*/, '')} than are given at once`);
    attributes.set(key, [value].flat() as (string | Buffer)[]); // what the library makes of an attribute
  }
  return { dn, attributes };
}

/** The values that are text. */
export function textsOf(entry: Entry, attribute: string): readonly string[] {
  return (entry.attributes.get(attribute.toLowerCase()) ?? []).filter((value) => typeof value === 'string');
}
