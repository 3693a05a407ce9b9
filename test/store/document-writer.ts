/** Another process on the same documents: adds one to the counter of a document so many times, as compare and swap has it. */
import { openDocumentsAt } from './documents-at.ts';

const [file = '', id = '', times = '0'] = process.argv.slice(2);
const store = await openDocumentsAt(file);
const counters = store.of<{ readonly count: number }>('counter');
for (let done = 0; done < Number(times); ) {
  const found = await counters.get(id);
  if (found && (await counters.replace(id, found.version, { body: { count: found.body.count + 1 } }))) done++;
}
await store.close();
