/** What went wrong: the page's own sentence in the reader's language, and beneath it what the server said of this case. */
import type { Problem } from '../api.ts';
import { wordOfError } from '../error-word.ts';
import { useSay } from '../words/words.ts';

export function ProblemSaid({ problem: { code, message } }: { readonly problem: Problem }) {
  const say = useSay();
  const word = wordOfError(code);
  return (
    <>
      <p>{say(word ?? 'problem.title')}</p>
      <Detail text={message} />
    </>
  );
}

/** A sentence of the server's, which speaks English whatever the page speaks. */
export function Detail({ text }: { readonly text: string | undefined }) {
  return text ? (
    <span class="hint detail" lang="en">
      {text}
    </span>
  ) : null;
}
