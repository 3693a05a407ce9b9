/** Users of docker_auth as the text of a users file. */
import { parseUsers } from '../identity/users-file.ts';
import { NAME } from '../identity/users-schema.ts';
import type { ForeignUser } from './docker-auth-file.ts';
import type { Finding } from './finding.ts';
import type { People } from './people.ts';
import { comment, list, scalar } from './yaml-text.ts';

export interface ImportedUsers {
  readonly text: string;
  readonly count: number;
  readonly findings: readonly Finding[];
}

export function importUsers(users: readonly ForeignUser[], people: People): ImportedUsers {
  const findings: Finding[] = [];
  const say = (kind: Finding['kind'], { line }: ForeignUser, text: string): void => {
    findings.push({ kind, line, text });
  };
  const lines: string[] = [];
  const cheap: ForeignUser[] = [];
  let count = 0;
  for (const user of users) {
    const { name, password } = user;
    const shown = name === '' ? '(anonymous)' : JSON.stringify(name);
    for (const key of user.unknownKeys)
      say(
        'look',
        user,
        `the user ${shown}: docker_auth passes over the unknown key ${JSON.stringify(key)}, and so does the import`,
      );
    if (name === '') {
      if (password === undefined)
        say('look', user, 'access without a login: rules for it say authenticated: false, or nothing of who');
      else
        say(
          'lost',
          user,
          'a password for the empty name: no client sends it, so that there is no access without a login',
        );
      continue;
    }
    if (!NAME.test(name)) {
      say(
        'lost',
        user,
        `the user ${shown}: expected a name of at most 64 characters: a-z, 0-9, and between them . _ @ -`,
      );
    } else if (password === undefined) {
      say(
        'hole',
        user,
        `the user ${shown} has no password, so that anyone could be ${name}; \`warden user add ${name}\` gives one`,
      );
    } else {
      const groups = groupsOf(user, people);
      const entry = [
        `  ${scalar(name)}:`,
        `    password: ${JSON.stringify(password)}`,
        ...(groups.length > 0 ? [`    groups: ${list(groups)}`] : []),
      ];
      const parsed = parseUsers(['users:', ...entry].join('\n'), '');
      if (!parsed.ok) {
        const [problem] = parsed.problems;
        say('lost', user, `the user ${shown}: ${problem?.message ?? 'cannot be a user here'}`);
        continue;
      }
      if (parsed.users.highestCost < CHEAP) cheap.push(user);
      lines.push(...entry);
      count++;
    }
  }
  const [first] = cheap;
  if (first !== undefined) {
    const names = cheap.map(({ name }) => name).join(', ');
    say(
      'look',
      first,
      `hashes of a cost below ${CHEAP}, which are quickly guessed from a stolen file: ${names}; \`warden user passwd\` makes better ones`,
    );
  }
  const head = comment(
    'Users of Registry Warden, taken over from docker_auth with their passwords. `warden user add|passwd|groups|remove` edits this file; so may you.',
    '',
  );
  const text = `${[...head, '', count === 0 ? 'users: {}' : 'users:', ...lines].join('\n')}\n`;
  return { text, count, findings };
}

/** Of bcrypt. */
const CHEAP = 10;

export function groupsOf({ labels }: ForeignUser, people: People): readonly string[] {
  return [
    ...new Set([...labels].flatMap(([label, values]) => values.map((value) => people.groupOf(label, value)))),
  ];
}
