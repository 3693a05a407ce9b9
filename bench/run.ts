/**
 * Measures Warden beside other proxies and the bare registry, in one run, in turn, with everything on that Warden does
 * for a request: `node bench/run.ts --help`. Only ratios within one run mean anything.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { run } from '../test/support/process.ts';
import { CASES } from './cases.ts';
import { measureDecisions } from './decisions.ts';
import { measureStorm } from './login-storm.ts';
import type { Sample } from './measure.ts';
import { caseTable, table, text } from './report.ts';
import { openSite, type Site } from './site.ts';
import { FULL, QUICK, type Sizes, SMOKE } from './sizes.ts';
import { stormTable, tokenTable } from './token-report.ts';
import { dockerAuthProgram } from './token-servers.ts';
import { measureTokens } from './tokens.ts';

const HELP = `node bench/run.ts [options]
  --quick          one small round, below two minutes
  --smoke          only shows that everything works, in seconds
  --rounds N       rounds of each case
  --only A,B       these cases: ${[...CASES.map(({ name }) => name), 'tokens', 'login-storm', 'decisions'].join(', ')}
  --peers A,B      these peers beside direct and Warden (beginnings of their names): nginx, haproxy, http-proxy,
                   warden (with bodies that leave by nginx)
  --json FILE      all samples, too
Needs docker-registry, curl and openssl; nginx and haproxy are left out where they are not installed.
Tokens need slapd besides, and are measured beside docker_auth where script/get-docker-auth has built it.
`;

/** V8 goes on compiling for some ten thousand requests. */
const WARM_ROUNDS = 4;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    peers: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const base = values.smoke ? SMOKE : values.quick ? QUICK : FULL;
  const sizes: Sizes = { ...base, ...(values.rounds !== undefined && { rounds: Number(values.rounds) }) };
  const only = values.only?.split(',');
  const wanted = (name: string): boolean => only === undefined || only.includes(name);
  say(await describeMachine());
  const all: Record<string, unknown> = { sizes };

  if (CASES.some(({ name }) => wanted(name))) {
    const withTls = CASES.some(({ name, tls }) => tls && wanted(name));
    await using site = disposable(await openSite(sizes, values.peers?.split(','), withTls));
    if (site.absent.length > 0) say(`Left out, since not installed: ${site.absent.join(', ')}.\n`);
    for (const one of CASES.filter(({ name }) => wanted(name))) {
      const samples = new Map<string, Sample[]>();
      const usual = one.stub ? await site.stubbed() : site.peers;
      const peers = one.offload ? [...usual, ...(await site.offloaded())] : usual;
      for (let nth = 0; one.small && nth < WARM_ROUNDS; nth++) {
        for (const peer of peers) await one.run(peer, site, sizes);
      }
      for (let round = 0; round < sizes.rounds; round++) {
        for (const peer of turned(peers, round)) {
          if ((one.tls && peer.tlsPort === undefined) || (one.proxiesOnly && peer.pid === undefined))
            continue;
          samples.set(peer.name, [...(samples.get(peer.name) ?? []), await one.run(peer, site, sizes)]);
        }
      }
      const ordered = new Map(
        peers.flatMap(({ name }) => (samples.has(name) ? [[name, samples.get(name) ?? []]] : [])),
      );
      all[one.name] = Object.fromEntries(ordered);
      say(caseTable(one, sizes, ordered));
    }
  }
  if (dockerAuthProgram() === undefined && (wanted('tokens') || wanted('login-storm')))
    say('Left out: docker_auth, since nobody has built it (script/get-docker-auth).\n');
  if (wanted('tokens')) {
    const costs = await measureTokens(sizes);
    all['tokens'] = costs;
    say(tokenTable(costs));
  }
  if (wanted('login-storm')) {
    const costs = await measureStorm(sizes);
    all['login-storm'] = costs;
    say(stormTable(costs));
  }
  if (wanted('decisions')) {
    const costs = sizes.rules.map((rules) => measureDecisions(rules, sizes));
    all['decisions'] = costs;
    const rows = costs.map(({ rules, granted, refused, compileMs }) =>
      [rules, granted / 1000, refused / 1000, compileMs].map(text),
    );
    const head = ['rules', 'CPU us to grant', 'CPU us to refuse', 'ms to compile'];
    say(`### Decisions\n\n${table(head, rows)}`);
  }
  say(`Load average at the end: ${loadavg().map(text).join(', ')}.`);
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(all, undefined, 1));
}

/** Each round begins with another, so that none is always first after a pause. */
function turned<T>(list: readonly T[], by: number): readonly T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function disposable(site: Site): Site & AsyncDisposable {
  return { ...site, [Symbol.asyncDispose]: () => site.stop() };
}

async function describeMachine(): Promise<string> {
  const versions = await Promise.all(
    (
      [
        ['docker-registry', ['--version']],
        ['nginx', ['-v']],
        ['haproxy', ['-v']],
        ['curl', ['--version']],
      ] as const
    ).map(async ([program, args]) => {
      try {
        const { stdout, stderr } = await run(program, args);
        return `${stdout}${stderr}`.split('\n')[0]?.trim();
      } catch {
        return `no ${program}`;
      }
    }),
  );
  const processors = cpus();
  return `${processors.length} processors (${processors[0]?.model}), Linux ${release()}, Node ${process.version}; ${versions.join('; ')}.
Load average before: ${loadavg().map(text).join(', ')}.\n`;
}

function say(line: string): void {
  console.log(line);
}
