/** What waits for somebody, what ends soon, and what does not work as it should. */
import type { ComponentChildren } from 'preact';
import { hrefOf } from '../location.ts';
import { Detail } from '../parts/problem.tsx';
import { Failed, Loading } from '../parts/states.tsx';
import { Time } from '../parts/values.tsx';
import { type Asked, useAnswer } from '../use-answer.ts';
import { en, type Word } from '../words/en.ts';
import { useSay } from '../words/words.ts';
import type { Status } from './status.ts';

interface Items<T> {
  readonly items: readonly T[];
}
interface Robot {
  readonly name: string;
  readonly expires: string;
}
interface Grant {
  readonly id: string;
  readonly state: string;
  readonly owner: string;
  readonly repositories: readonly string[];
  readonly expires: string;
}

const DAY_MS = 86_400_000;
/** Where the server does not say how early is early. */
const USUAL_DAYS = 14;
/** Somebody has to order a certificate first. */
const CERTIFICATE_DAYS = 28;

/** @param expires RFC 3339. */
function within(expires: string, days: number): boolean {
  return Date.parse(expires) - Date.now() < days * DAY_MS;
}

export function Soon({ status }: { readonly status: Asked<Status> }) {
  const say = useSay();
  const robots = useAnswer<Items<Robot>>('robots');
  const grants = useAnswer<Items<Grant>>('grants');
  const known = status.state === 'there' ? status.value : undefined;
  const lines = [
    ...(known ? linesOfStatus(known) : []),
    // Who may see robots reads their names instead.
    ...(known && known.robots.expiring > 0 && robots.state === 'there' && robots.value.items.length === 0
      ? [<Said key="robots" tone="warn" word="soon.robots" name={String(known.robots.expiring)} />]
      : []),
    ...(grants.state === 'there' ? grants.value.items : [])
      .filter(({ state }) => state === 'pending')
      .map(({ id, owner, repositories, expires }) => (
        <Line key={id} tone="warn" href={hrefOf('grants')} until={expires}>
          {say('grants.waits', { user: owner, what: repositories.join(', ') })}
        </Line>
      )),
    ...(robots.state === 'there' ? robots.value.items : [])
      .filter(({ expires }) => within(expires, known?.robots.days ?? USUAL_DAYS))
      .map(({ name, expires }) => (
        <Line key={`robot ${name}`} tone="warn" href={hrefOf('access')} until={expires}>
          {say('soon.robot', { name })}
        </Line>
      )),
  ];
  const asked = [status, robots, grants];
  const waiting = asked.some(({ state }) => state === 'loading');
  const problems = asked.flatMap((answer) => (answer.state === 'failed' ? [answer] : []));
  // What could not be asked may hold the worst of it: then nothing is not what is said.
  const failed = problems.find(({ problem }) => problem.status !== 403);
  // Who may not see it is not told that all is well either.
  if (lines.length === 0 && !waiting && !failed && problems.length > 0) return null;
  return (
    <section class="card">
      <h2>{say('soon.title')}</h2>
      {lines.length > 0 && <ul class="attention">{lines}</ul>}
      {failed && <Failed problem={failed.problem} again={failed.again} />}
      {lines.length === 0 && waiting && !failed && <Loading />}
      {lines.length === 0 && !waiting && !failed && <p>{say('soon.nothing')}</p>}
    </section>
  );
}

function linesOfStatus({ record, disk, forwarding, certificates, troubles }: Status) {
  return [
    ...(record.writable ? [] : [<Said key="record" tone="bad" word="health.unwritable" text={record.why} />]),
    ...troubles.map((name) => <Trouble key={name} name={name} />),
    ...(disk.warning === undefined
      ? []
      : [<Said key="disk" tone="warn" word="soon.disk" text={disk.warning} />]),
    ...forwarding
      .filter(({ problem }) => problem !== undefined)
      .map(({ destination, problem }) => (
        <Said
          key={`forward ${destination}`}
          tone="warn"
          word="soon.forward"
          name={destination}
          text={problem}
        />
      )),
    ...(record.unsettled > 0
      ? [<Said key="unsettled" tone="warn" word="health.unsettled" name={String(record.unsettled)} />]
      : []),
    ...certificates
      .filter(({ expires }) => within(expires, CERTIFICATE_DAYS))
      .map(({ use, expires }) => <Certificate key={use} use={use} expires={expires} />),
  ];
}

function Said({
  tone,
  word,
  name,
  text,
}: {
  readonly tone: 'bad' | 'warn';
  readonly word: Word;
  readonly name?: string;
  readonly text?: string | undefined;
}) {
  const say = useSay();
  return (
    <Line tone={tone}>
      {say(word, { name: name ?? '' })}
      <Detail text={text} />
    </Line>
  );
}

function Trouble({ name }: { readonly name: string }) {
  const say = useSay();
  const word = `trouble.${name}`;
  return <Line tone="bad">{Object.hasOwn(en, word) ? say(word as Word) : name}</Line>;
}

function Certificate({ use, expires }: { readonly use: string; readonly expires: string }) {
  const say = useSay();
  const word = `certificate.${use}`;
  return (
    <Line tone="warn" until={expires}>
      {Object.hasOwn(en, word) ? say(word as Word) : use}
    </Line>
  );
}

function Line({
  tone,
  href,
  until,
  children,
}: {
  readonly tone: 'bad' | 'warn';
  readonly href?: string;
  /** RFC 3339. */
  readonly until?: string;
  readonly children: ComponentChildren;
}) {
  const say = useSay();
  return (
    <li class={tone}>
      {href ? <a href={href}>{children}</a> : children}
      {until && (
        <>
          {' '}
          {say('soon.until')} <Time at={until} />
        </>
      )}
    </li>
  );
}
