/** A question as JSON: what is shown, and what is kept of a refusal until somebody asks for it. */
import { type Question, type Subject, UNKNOWN } from './facts.ts';

/** What is unknown is named; what there was none of is absent. */
export interface QuestionJson {
  readonly subject: Subject;
  readonly actions: Question['actions'];
  readonly tokenAddress: string;
  readonly address?: string;
  readonly repository?: string;
  readonly tag?: string;
  /** Milliseconds since 1970. */
  readonly time?: number;
  readonly client?: string;
  readonly certificates?: readonly string[];
  readonly unknown: readonly Uncertain[];
}

const UNCERTAIN = ['address', 'repository', 'tag', 'time', 'client', 'certificates'] as const;
type Uncertain = (typeof UNCERTAIN)[number];
/** What stands for a fact that there was none of, where it is not undefined. */
const NONE: { readonly [Key in Uncertain]?: Question[Key] } = { certificates: [] };

export function questionToJson(question: Question): QuestionJson {
  const { subject, actions, tokenAddress } = question;
  const known = UNCERTAIN.filter((key) => question[key] !== UNKNOWN && isThere(question[key]));
  return {
    subject,
    actions,
    tokenAddress,
    ...Object.fromEntries(known.map((key) => [key, question[key]])),
    unknown: UNCERTAIN.filter((key) => question[key] === UNKNOWN),
  };
}

function isThere(value: string | number | readonly string[] | undefined): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

/** The same question again. */
export function questionFromJson({ unknown, ...known }: QuestionJson): Question {
  const absent = Object.fromEntries(
    UNCERTAIN.map((key) => [key, unknown.includes(key) ? UNKNOWN : NONE[key]]),
  );
  // Every key of a question is there: the given ones, and each of UNCERTAIN.
  return { ...absent, ...known } as Question;
}
