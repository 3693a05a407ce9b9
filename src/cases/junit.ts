/**
 * The results as JUnit XML, as Jenkins and other CI servers read it.
 *
 * @see https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
 */
import type { CaseResult } from './run-cases.ts';

export interface JunitCase {
  readonly result: CaseResult;
  /** What is shown of a failure besides its first sentence. */
  readonly detail: string;
}

/** One suite for each file. `results` in the order of the files. */
export function junitXml(cases: readonly JunitCase[]): string {
  const files = [...new Set(cases.map(({ result }) => result.case.file))];
  const suites = files.flatMap((file) => {
    const own = cases.filter(({ result }) => result.case.file === file);
    return [
      `  <testsuite name="${escapeXml(file)}" ${counts(own)}>`,
      ...own.flatMap((one) => testcase(one)),
      '  </testsuite>',
    ];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="warden policy test" ${counts(cases)}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function counts(cases: readonly JunitCase[]): string {
  const failed = cases.filter(({ result }) => result.failures.length > 0).length;
  // Every case takes less than what the time's digits show.
  return `tests="${cases.length}" failures="${failed}" errors="0" time="0"`;
}

function testcase({ result, detail }: JunitCase): readonly string[] {
  const { case: one, failures } = result;
  const opening = `    <testcase classname="${escapeXml(one.file)}" name="${escapeXml(one.name)}" time="0"`;
  if (failures.length === 0) return [`${opening}/>`];
  return [
    `${opening}>`,
    `      <failure type="policy" message="${escapeXml(failures.join('; '))}">${escapeXml(`${one.file}:${one.place.line}:${one.place.column}\n${detail}`)}</failure>`,
    '    </testcase>',
  ];
}

/** Characters that XML 1.0 does not have at all become U+FFFD. @see https://www.w3.org/TR/xml/#charsets */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"'\n\r\t]/g, (character) => ENTITIES[character] ?? character);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};
