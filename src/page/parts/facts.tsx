/** Facts as pairs of a name and a value, in cards. */
import type { ComponentChildren } from 'preact';
import type { Evidenced } from '../records.ts';
import { useSay } from '../words/words.ts';

export function Card({
  title,
  evidence,
  children,
}: {
  readonly title: string;
  readonly evidence?: Evidenced | undefined;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="card">
      <h2>
        {title} <HowKnown of={evidence} />
      </h2>
      <dl>{children}</dl>
    </section>
  );
}

/** How a fact is known. */
export function HowKnown({ of }: { readonly of: Evidenced | undefined }) {
  const say = useSay();
  return of?.evidence ? <span class="evidence">{say(`evidence.${of.evidence}`)}</span> : null;
}

/** Nothing where there is no value. */
export function Row({ name, children }: { readonly name: string; readonly children?: ComponentChildren }) {
  const values = Array.isArray(children) ? children : [children];
  if (values.every((one) => one === undefined || one === null || one === '' || one === false)) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
