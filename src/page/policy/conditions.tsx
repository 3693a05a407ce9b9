/** The conditions of a right, as the policy language has them. */

/** What a right asks for, name by name, however deep. */
export function Conditions({ of }: { readonly of: Readonly<Record<string, unknown>> }) {
  return (
    <dl>
      {Object.entries(of).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{isObject(value) ? <Conditions of={value} /> : textOf(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((one) => (isObject(one) ? JSON.stringify(one) : String(one))).join(', ');
}
