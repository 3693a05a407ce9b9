/** A syslog server of its own: Debian's rsyslogd, over TCP or TLS, which writes what it understood as lines of JSON. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { freePort } from './ports.ts';
import { type Child, startChild } from './process.ts';
import { makeTemp } from './temp.ts';

export interface SyslogLine {
  readonly pri: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly type: string;
  /** The structured data as it came. */
  readonly data: string;
  readonly message: string;
}

export interface RunningRsyslog {
  readonly port: number;
  /** What came so far. */
  lines(): readonly SyslogLine[];
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param tls PEM files of the server; absent: in the clear. */
export async function startRsyslog(tls?: {
  readonly cert: string;
  readonly key: string;
}): Promise<RunningRsyslog> {
  const temp = makeTemp('rsyslog');
  const port = await freePort();
  const out = temp.at('lines');
  const field = (name: string, property: string): string =>
    `constant(value="\\"${name}\\":\\"") property(name="${property}" format="json") constant(value="\\"")`;
  const fields = [
    ['pri', 'pri'],
    ['time', 'timereported" dateFormat="rfc3339'],
    ['host', 'hostname'],
    ['app', 'app-name'],
    ['type', 'msgid'],
    ['data', 'structured-data'],
    ['message', 'msg'],
  ].map(([name = '', property = '']) => field(name, property));
  const stream = tls ? 'streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"' : '';
  writeFileSync(
    temp.at('rsyslog.conf'),
    [
      `global(workDirectory="${temp.path}" maxMessageSize="64k"`,
      tls
        ? `  defaultNetstreamDriverCAFile="${tls.cert}" defaultNetstreamDriverCertFile="${tls.cert}" defaultNetstreamDriverKeyFile="${tls.key}")`
        : ')',
      `module(load="imtcp" ${stream})`,
      `template(name="lines" type="list") { constant(value="{") ${fields.join(' constant(value=",") ')} constant(value="}\\n") }`,
      'ruleset(name="in") {',
      `  action(type="omfile" file="${out}" template="lines" flushOnTXEnd="on" asyncWriting="off")`,
      '}',
      `input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="in")`,
      '',
    ].join('\n'),
  );
  let child: Child;
  const start = async (): Promise<void> => {
    child = await startChild('rsyslogd', ['-n', '-f', temp.at('rsyslog.conf'), '-i', temp.at('pid')]);
    await child.waitForPort(port);
  };
  await start();
  return {
    port,
    lines: () =>
      existsSync(out)
        ? readFileSync(out, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as SyslogLine)
        : [],
    async kill() {
      child.signal('SIGKILL');
      await child.ended;
    },
    restart: start,
    async stop() {
      await child.stop();
      await temp.stop();
    },
  };
}
