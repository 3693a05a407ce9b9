/** Tables of what tokens cost. */
import type { StormCost } from './login-storm.ts';
import { table, text } from './report.ts';
import type { TokenCost } from './tokens.ts';

/** A line for each kind of token, Warden first, with the ratio where docker_auth was there. */
export function tokenTable(costs: readonly TokenCost[]): string {
  const names = [...new Set(costs.map(({ name }) => name))];
  const rows = names.map((name) => {
    const [ours, theirs] = (['warden', 'docker_auth'] as const).map((server) =>
      costs.find((cost) => cost.name === name && cost.server === server),
    );
    const ratio = (key: 'milliseconds' | 'perSecond'): string =>
      text((ours?.[key] ?? Number.NaN) / (theirs?.[key] ?? Number.NaN));
    return [
      name,
      ...[ours, theirs].flatMap((cost) =>
        cost === undefined ? ['', ''] : [text(cost.milliseconds), text(cost.perSecond)],
      ),
      ratio('milliseconds'),
      ratio('perSecond'),
    ];
  });
  const head = [
    '',
    ...['Warden', 'docker_auth'].flatMap((server) => [`${server}, CPU ms`, `${server}, tokens/s`]),
    'Warden : it, CPU',
    'Warden : it, tokens/s',
  ];
  return `### Tokens\n\n${table(head, rows)}`;
}

export function stormTable(costs: readonly StormCost[]): string {
  const rows = costs.map(({ server, what, quiet, storm, loginsPerSecond }) => [
    `${server}, ${what === 'pull' ? 'GET of a manifest' : 'token'}`,
    ...[quiet.p50, storm.p50, storm.p50 / quiet.p50, quiet.p99, storm.p99, storm.p99 / quiet.p99].map(text),
    text(loginsPerSecond),
  ]);
  const head = [
    '',
    ...['p50', 'p99'].flatMap((name) => [`${name} alone, ms`, `${name} in the storm, ms`, 'ratio']),
  ];
  return `### Anonymous requests in a storm of logins\n\n${table([...head, 'logins/s'], rows)}`;
}
