/** Whether the record can be written, how far it is signed and forwarded, and how long its disk will do. */
import { Row } from '../parts/facts.tsx';
import { Detail } from '../parts/problem.tsx';
import { Shown } from '../parts/states.tsx';
import { Time } from '../parts/values.tsx';
import type { Asked } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import type { Status } from './status.ts';

const GIGABYTE = 1_000_000_000;
const DAY_S = 86_400;

export function LogHealth({ answer }: { readonly answer: Asked<Status> }) {
  const say = useSay();
  if (answer.state === 'failed' && answer.problem.status === 403) return null;
  return (
    <section class="card">
      <h2>{say('health.title')}</h2>
      <Shown answer={answer}>{(status) => <Facts status={status} />}</Shown>
    </section>
  );
}

function Facts({ status: { record, tree, disk, forwarding } }: { readonly status: Status }) {
  const say = useSay();
  const days = disk.secondsLeft === undefined ? undefined : Math.floor(disk.secondsLeft / DAY_S);
  return (
    <dl>
      <Row name={say('health.record')}>
        <span class={record.writable ? 'good' : 'bad'}>
          {say(record.writable ? 'health.writable' : 'health.unwritable')}
          <Detail text={record.why} />
        </span>
        {record.entries !== undefined && ` · ${say('health.entries', { count: record.entries })}`}
      </Row>
      <Row name={say('health.signed')}>
        {tree === undefined ? (
          say('log.none')
        ) : (
          <>
            {say('health.entries', { count: tree.entries })} {tree.signed && <Time at={tree.signed} />}
          </>
        )}
      </Row>
      <Row name={say('health.witnessed')}>
        {tree?.cosigned && (
          <>
            {say('health.entries', { count: tree.cosigned.entries })}{' '}
            {tree.cosigned.time && <Time at={tree.cosigned.time} />}
          </>
        )}
      </Row>
      <Row name={say('health.disk')}>
        {disk.freeBytes !== undefined && (
          <span class={disk.warning === undefined ? '' : 'bad'}>
            {say('health.free', { size: (disk.freeBytes / GIGABYTE).toFixed(1) })}
            {days !== undefined && ` · ${say('health.days', { days })}`}
          </span>
        )}
      </Row>
      {forwarding.map(({ destination, behind, problem }) => (
        <Row key={destination} name={say('health.forward', { name: destination })}>
          <span class={problem === undefined ? '' : 'bad'}>
            {behind === undefined ? say('health.elsewhere') : say('health.behind', { count: behind })}
            <Detail text={problem} />
          </span>
        </Row>
      ))}
    </dl>
  );
}
