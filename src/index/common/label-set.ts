/** Which labels a record has, by their names alone, as one text: there are few such sets, so a record has the number of its own. */

/** In bytes, so that every database has room for it in an index. What is longer is not a set that others have too. */
const LONGEST = 1_000;
/** Stands for every set that is longer: what is in it is for the record to say. */
const MANY = '*';

export function labelSet(labels: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(Object.keys(labels).sort());
  return Buffer.byteLength(text) > LONGEST ? MANY : text;
}

/** Whether a set has a label of this name, or lacks it. One of which it is not known may do both. */
export function mayHave(set: string, name: string, has: boolean): boolean {
  return set === MANY || (JSON.parse(set) as readonly string[]).includes(name) === has;
}
