/** Said below a short list where there is more than it shows. */
import { useSay } from '../words/words.ts';

export function Unshown({
  of: { next, more },
  href,
}: {
  /** The answer that the list is of. */
  readonly of: { readonly next?: string; readonly more?: true };
  /** Where all of it is. */
  readonly href?: string;
}) {
  const say = useSay();
  if (next === undefined && !more) return null;
  return href === undefined ? (
    <p class="hint">{say('list.notAll')}</p>
  ) : (
    <p>
      <a href={href}>{say('overview.all')}</a>
    </p>
  );
}
