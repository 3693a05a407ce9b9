/**
 * A directory of people (LDAP, Active Directory): who has a name, whether a password is theirs, in which groups they are.
 *
 * The name is looked up with an account of Warden's own, and the password is then tried with the entry that was found, on
 * a connection of its own that is closed afterwards. What the directory said of a person counts for a stated time.
 */
import type { Filter } from 'ldapts';
import { WardenError } from '../../errors.ts';
import { createLane } from '../lane.ts';
import { createRemembered } from '../remembered.ts';
import { type Connection, type ConnectOptions, connectTo } from './connection.ts';
import { asFailure, DirectoryFailure } from './failure.ts';
import { both, equals } from './filters.ts';
import { type GroupRules, groupsOf } from './groups.ts';
import { foldName, isName } from './names.ts';
import { attributesOfPerson, judgeEntries } from './person.ts';
import { createPool } from './pool.ts';
import { createServers } from './servers.ts';
import type { Server } from './socket.ts';

export interface DirectoryOptions {
  /** In order of preference. */
  readonly servers: readonly Server[];
  readonly ca: string | undefined;
  /** The account that searches; undefined: anonymously. The password is asked for at each connection, so that it can change. */
  readonly reader: { readonly dn: string; readonly password: () => Promise<string> } | undefined;
  readonly people: {
    readonly base: string;
    readonly nameAttribute: string;
    readonly filter: Filter | undefined;
    /** Whose change ends the sessions of a person. */
    readonly changeAttributes: readonly string[];
  };
  /** Undefined: nobody has groups. */
  readonly groups: GroupRules | undefined;
  readonly connectMs: number;
  readonly answerMs: number;
  /** For a look-up or a check as a whole, over all servers. */
  readonly totalMs: number;
  /** How long what was read of a person counts. */
  readonly refreshMs: number;
  /** How long a password that was right is not tried again. */
  readonly rememberMs: number;
  /** Look-ups and checks under way at once; as many connections are kept. */
  readonly width: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly observe: (
    operation: DirectoryOperation,
    outcome: 'answered' | 'failed',
    milliseconds: number,
  ) => void;
  readonly onFailure: (server: Server | undefined, failure: DirectoryFailure) => void;
  /** Told of an entry that is there and cannot be taken. */
  readonly onRefused: (reason: string) => void;
}

export type DirectoryOperation = 'find' | 'check';

export interface Person {
  /** As the directory spells it. */
  readonly name: string;
  readonly dn: string;
  readonly groups: readonly string[];
  /** Names the account and its password, as far as the directory tells; see FoundEntry. */
  readonly credential: string;
}

export interface Directory {
  /**
   * @returns undefined where nobody usable has this one name.
   * @throws {WardenError} DIRECTORY_UNAVAILABLE; OVERLOADED when too many are waiting.
   */
  find(name: string): Promise<Person | undefined>;
  /**
   * Who has this name, as it is now, and whether the password is theirs. A password that was right a short while ago is not
   * tried again, as long as nothing has changed that the directory tells.
   *
   * @throws {WardenError} as find.
   */
  login(
    name: string,
    password: string,
  ): Promise<{ readonly person: Person; readonly right: boolean } | undefined>;
  /** Whether the last question was answered. */
  isAnswering(): boolean;
  /** What was read of people and what passwords were right: all is asked anew. */
  forget(): void;
  close(): void;
}

/** People kept in memory. */
const KEPT = 10_000;
/** Questions that wait for a place, for each that is under way. */
const WAITING = 8;

export function createDirectory(options: DirectoryOptions): Directory {
  const { people, groups, ca, reader, width, now, refreshMs, observe, onFailure } = options;
  const lane = createLane({ width, waiting: width * WAITING });
  const servers = createServers({ servers: options.servers, now, onFailure });
  const remembered = createRemembered({ now, forMs: options.rememberMs, limit: KEPT });
  const connecting: ConnectOptions = { ca, timeoutMs: options.connectMs, answerMs: options.answerMs };
  const pool = createPool({ servers, open: openReader, now, keep: width });
  /** By folded name, in order of reading. */
  const known = new Map<string, { readonly person: Person; readonly until: number }>();
  const underWay = new Map<string, Promise<Person | undefined>>();
  let answering = true;

  async function openReader(server: Server): Promise<Connection> {
    const connection = await connectTo(server, connecting);
    if (reader === undefined) return connection;
    try {
      const password = await reader.password();
      if (await connection.bind(reader.dn, password)) return connection;
      throw new DirectoryFailure('the account that searches was refused');
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** One question in its turn, with an end, and measured. */
  async function ask<T>(operation: DirectoryOperation, work: (until: Deadline) => Promise<T>): Promise<T> {
    const place = lane.enter(async () => {
      const started = performance.now();
      const deadline = createDeadline(options.totalMs);
      try {
        const result = await Promise.race([work(deadline), deadline.over]);
        answering = true;
        observe(operation, 'answered', performance.now() - started);
        return result;
      } catch (error) {
        const failure = asFailure(error);
        answering = false;
        observe(operation, 'failed', performance.now() - started);
        onFailure(undefined, failure);
        throw new WardenError('DIRECTORY_UNAVAILABLE', { cause: failure, headers: { 'Retry-After': '5' } });
      } finally {
        deadline.end();
      }
    });
    if (!place) throw new WardenError('OVERLOADED', { headers: { 'Retry-After': '5' } });
    return await place;
  }

  async function read(typed: string): Promise<Person | undefined> {
    const memberOf = groups?.by === 'memberOf' ? [groups.memberOfAttribute] : [];
    return await ask('find', (deadline) =>
      pool.use(async (connection) => {
        deadline.close(connection);
        const entries = await connection.search({
          base: people.base,
          scope: 'sub',
          filter: both(equals(people.nameAttribute, typed), people.filter),
          attributes: [...attributesOfPerson(people.nameAttribute, people.changeAttributes), ...memberOf],
        });
        const judged = judgeEntries(entries, { typed, ...people, now: now() });
        if (!judged.ok) {
          if (judged.reason !== undefined) options.onRefused(judged.reason);
          return undefined;
        }
        const { name, entry, credential } = judged.found;
        const names = groups ? await groupsOf({ name, entry }, groups, connection.search) : [];
        return { name, dn: entry.dn, groups: names, credential };
      }),
    );
  }

  function keep(key: string, person: Person | undefined): void {
    known.delete(key);
    if (person === undefined || refreshMs === 0) return;
    known.set(key, { person, until: now() + refreshMs });
    const [oldest] = known.keys();
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
  }

  function kept(typed: string): Person | undefined {
    const found = known.get(foldName(typed));
    // A clock that was set back must not make it count for longer.
    return found && now() < found.until && found.until - now() <= refreshMs ? found.person : undefined;
  }

  /** Several who ask for one person at once get one answer. */
  async function readOnce(typed: string): Promise<Person | undefined> {
    const key = foldName(typed);
    const running = underWay.get(key);
    if (running !== undefined) return await running;
    const started = read(typed)
      .then((person) => {
        keep(key, person);
        return person;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, started);
    return await started;
  }

  async function check(dn: string, password: string): Promise<boolean> {
    return await ask('check', (deadline) =>
      servers.withOne(async (server) => {
        const connection = await connectTo(server, connecting);
        deadline.close(connection);
        try {
          return await connection.bind(dn, password);
        } finally {
          connection.close();
        }
      }),
    );
  }

  return {
    find: async (typed) => (isName(typed) ? (kept(typed) ?? (await readOnce(typed))) : undefined),
    async login(typed, password) {
      if (!isName(typed)) return undefined;
      const before = kept(typed);
      const nameOf = ({ dn, credential }: Person): string => remembered.nameOf([dn, credential, password]);
      if (before && remembered.has(nameOf(before))) return { person: before, right: true };
      // Anew, so that a session is bound to the password that is tried here, and not to one before.
      const person = await readOnce(typed);
      if (!person) return undefined;
      // RFC 4513 section 5.1.2: an empty password binds nobody, and servers answer it with success. C programs stop at a NUL.
      if (password === '' || password.includes('\0')) return { person, right: false };
      if (remembered.has(nameOf(person))) return { person, right: true };
      const right = await check(person.dn, password);
      if (right) remembered.add(nameOf(person));
      return { person, right };
    },
    isAnswering: () => answering,
    forget() {
      known.clear();
      remembered.clear();
    },
    close: () => pool.close(),
  };
}

interface Deadline {
  /** Closes the connection when the time is over; whatever waits for it fails then. */
  close(connection: Connection): void;
  /** Rejects when the time is over. */
  readonly over: Promise<never>;
  end(): void;
}

function createDeadline(ms: number): Deadline {
  const connections = new Set<Connection>();
  let passed = false;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      passed = true;
      for (const connection of connections) connection.close();
      reject(new DirectoryFailure('no answer in time'));
    }, ms);
  });
  return {
    over,
    close(connection) {
      if (passed) connection.close();
      else connections.add(connection);
    },
    end: () => clearTimeout(timer),
  };
}
