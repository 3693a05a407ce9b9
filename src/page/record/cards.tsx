/** The facts of a record, each where one looks for it. What no card has stands in the last one, so that nothing is left out. */
import { wordOfError } from '../error-word.ts';
import { hrefOf } from '../location.ts';
import { Card, HowKnown, Row } from '../parts/facts.tsx';
import { Digest, User, WebLink } from '../parts/values.tsx';
import type { RecordItem } from '../records.ts';
import { useSay } from '../words/words.ts';
import { Address } from './address.tsx';
import { restOf } from './rest.ts';

interface Of {
  readonly record: RecordItem;
}

export function Cards({ record }: Of) {
  const { subject, actor, peer, build, source } = record;
  return (
    <div class="cards">
      {subject && <What record={record} />}
      {actor && <Who record={record} />}
      {peer && <Where record={record} />}
      {(build || source) && <Build record={record} />}
      <Why record={record} />
      <Claimed record={record} />
      <Rest record={record} />
    </div>
  );
}

function What({ record: { index, subject = {}, tag, image } }: Of) {
  const say = useSay();
  return (
    <Card title={say('record.what')}>
      <Row name={say('column.repository')}>
        {subject.repo && <a href={hrefOf('records', { repository: subject.repo })}>{subject.repo}</a>}
      </Row>
      <Row name={say('column.tag')}>{tag?.name}</Row>
      <Row name={say('column.digest')}>
        {subject.digest && (
          <>
            <Digest value={subject.digest} />{' '}
            <a href={hrefOf('image', { digest: subject.digest })}>{say('record.image')}</a>
          </>
        )}
      </Row>
      <Row name={say('record.before')}>
        {tag?.from && (
          <>
            <Digest value={tag.from} />{' '}
            {tag.prev !== undefined && tag.from !== subject.digest && (
              <a href={hrefOf(`compare/${tag.prev}/${index}`)}>{say('compare.title')}</a>
            )}
          </>
        )}
      </Row>
      <Row name={say('record.mediaType')}>{subject.mediaType}</Row>
      <Row name={say('record.artifactType')}>{subject.artifactType}</Row>
      <Row name={say('record.of')}>
        {subject.of && (
          <>
            <Digest value={subject.of} />{' '}
            <a href={hrefOf('image', { digest: subject.of })}>{say('record.image')}</a>
          </>
        )}
      </Row>
      <Row name={say('record.size')}>
        {subject.size !== undefined && say('bytes', { count: subject.size })}
      </Row>
      <Row name={say('record.layers')}>
        {subject.layers !== undefined &&
          `${subject.layers} · ${say('bytes', { count: subject.layerBytes ?? 0 })}`}
      </Row>
      <Row name={say('record.config')}>{subject.config && <Digest value={subject.config} />}</Row>
      <Row name={say('record.platform')}>{image?.platform}</Row>
      <Row name={say('record.created')}>{image?.created}</Row>
    </Card>
  );
}

function Who({ record: { actor, operator, token } }: Of) {
  const say = useSay();
  if (actor === undefined) return null;
  return (
    <Card title={say('record.who')} evidence={actor}>
      <Row name={say('column.user')}>
        <User name={actor.sub} />
      </Row>
      <Row name={say('column.kind')}>{actor.kind}</Row>
      <Row name={say('column.method')}>{actor.method}</Row>
      <Row name={say('record.issuer')}>{actor.issuer}</Row>
      <Row name={say('record.groups')}>{actor.groups?.join(', ')}</Row>
      <Row name={say('record.operator')}>
        {operator && (
          <>
            {operator.name} <HowKnown of={operator} />
          </>
        )}
      </Row>
      <Row name={say('record.token')}>{actor.jti}</Row>
      <Row name={say('record.scopes')}>{token?.scopes?.join(' ')}</Row>
    </Card>
  );
}

function Where({ record: { peer, token } }: Of) {
  const say = useSay();
  return peer ? (
    <Card title={say('record.where')}>
      <Address peer={peer} token={token} />
    </Card>
  ) : null;
}

function Build({ record: { build, source } }: Of) {
  const say = useSay();
  return (
    <Card title={say('record.build')} evidence={build}>
      <Row name={say('record.project')}>{build?.project}</Row>
      <Row name={say('filter.job')}>{build?.job}</Row>
      <Row name={say('record.number')}>{build?.number}</Row>
      <Row name={say('record.jobPage')}>{build?.url && <WebLink href={build.url} />}</Row>
      <Row name={say('record.environment')}>{build?.environment}</Row>
      <Row name={say('record.event')}>{build?.event}</Row>
      <Row name={say('record.issuer')}>{build?.issuer}</Row>
      {source && (
        <Row name={say('record.source')}>
          <HowKnown of={source} />{' '}
          {[source.uri, source.ref, source.commit].filter((one) => one !== undefined).join(' · ')}
        </Row>
      )}
    </Card>
  );
}

function Why({ record: { policy, reason } }: Of) {
  const say = useSay();
  if (policy === undefined && reason === undefined) return null;
  const meant = reason === undefined ? undefined : wordOfError(reason);
  return (
    <Card title={say('record.why')}>
      <Row name={say('column.reason')}>
        {reason !== undefined && (
          <>
            {reason}
            {meant && <span class="hint detail">{say(meant)}</span>}
          </>
        )}
      </Row>
      <Row name={say('column.rule')}>{policy?.rules?.join(', ')}</Row>
      <Row name={say('record.decision')}>{policy?.decision}</Row>
      <Row name={say('nav.policy')}>{policy?.digest && <Digest value={policy.digest} />}</Row>
    </Card>
  );
}

function Claimed({ record: { labels, meta } }: Of) {
  const say = useSay();
  const pairs = [...Object.entries(meta ?? {}), ...Object.entries(labels ?? {})];
  if (pairs.length === 0) return null;
  return (
    <Card title={say('record.claimed')} evidence={{ evidence: 'claimed' }}>
      {pairs.map(([name, value], at) => (
        // A header and a label can have one name.
        <Row key={`${at} ${name}`} name={name}>
          {value}
        </Row>
      ))}
    </Card>
  );
}

function Rest({ record }: Of) {
  const say = useSay();
  const rest = restOf(record);
  if (rest.length === 0) return null;
  return (
    <Card title={say('record.rest')}>
      {rest.map(([name, value]) => (
        <Row key={name} name={name}>
          {value}
        </Row>
      ))}
    </Card>
  );
}
