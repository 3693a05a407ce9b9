/**
 * Which tag a pull by digest is about. docker and containerd ask HEAD for the tag and then GET for the digest that it
 * showed: who pulled the tag is told only by both.
 */
export interface AskedTag {
  readonly subject: string;
  readonly address: string;
  readonly repository: string;
  readonly digest: string;
}

export interface AskedTags {
  asked(pull: AskedTag, tag: string): void;
  /** The tag that this client asked for just before and that showed this digest. */
  tagOf(pull: AskedTag): string | undefined;
}

/** Milliseconds between the two requests of one pull, with room for a slow client. */
const WITHIN_MS = 60_000;
const LIMIT = 20_000;

/** @param now milliseconds, of any clock that does not jump. */
export function createAskedTags(now: () => number): AskedTags {
  const tags = new Map<string, { readonly tag: string; readonly at: number }>();
  // None of them holds a line break, and all are bounded.
  const key = ({ subject, address, repository, digest }: AskedTag): string =>
    `${subject}\n${address}\n${repository}\n${digest}`;
  return {
    asked(pull, tag) {
      const name = key(pull);
      tags.delete(name);
      tags.set(name, { tag, at: now() });
      const [oldest] = tags.keys();
      if (tags.size > LIMIT && oldest !== undefined) tags.delete(oldest);
    },
    tagOf(pull) {
      const found = tags.get(key(pull));
      return found !== undefined && now() - found.at < WITHIN_MS ? found.tag : undefined;
    },
  };
}
