/** What a screen shows while there is nothing else to show. */
import type { ComponentChildren } from 'preact';
import type { Problem } from '../api.ts';
import { useSession } from '../session.tsx';
import type { Asked } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { ProblemSaid } from './problem.tsx';

export function Loading() {
  const say = useSay();
  return (
    <p class="state loading" role="status">
      {say('loading')}
    </p>
  );
}

export function Failed({
  problem,
  again,
}: {
  readonly problem: Problem;
  readonly again?: (() => void) | undefined;
}) {
  const say = useSay();
  const { look } = useSession();
  if (problem.status === 401) {
    return (
      <div class="state" role="alert">
        <p>{say('signIn.ended')}</p>
        <button type="button" onClick={look}>
          {say('signIn.button')}
        </button>
      </div>
    );
  }
  return (
    <div class="state failed" role="alert">
      <h2>{say(problem.status === 403 ? 'problem.refused' : 'problem.title')}</h2>
      <ProblemSaid problem={problem} />
      {again && (
        <button type="button" onClick={again}>
          {say('retry')}
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children?: ComponentChildren }) {
  const say = useSay();
  return (
    <div class="state" role="status">
      <h2>{say('empty.title')}</h2>
      <p>{children ?? say('empty.hint')}</p>
    </div>
  );
}

/** How many there are besides what is shown. */
export function MoreRows({ count }: { readonly count: number | undefined }) {
  const say = useSay();
  return count ? <p class="hint">{say('list.moreRows', { count })}</p> : null;
}

/** The one of them that fits, or what is there. What was there before stays, dimmed, while the next is on its way. */
export function Shown<T>({
  answer,
  quiet,
  children,
}: {
  readonly answer: Asked<T>;
  /** Nothing is shown to who may not see it. */
  readonly quiet?: boolean;
  readonly children: (value: T) => ComponentChildren;
}) {
  if (answer.state === 'failed' && quiet && answer.problem.status === 403) return null;
  if (answer.state === 'failed') return <Failed problem={answer.problem} again={answer.again} />;
  if (answer.state === 'there') return <>{children(answer.value)}</>;
  if (answer.before === undefined) return <Loading />;
  return (
    <div class="waiting" aria-busy="true">
      {children(answer.before)}
    </div>
  );
}
