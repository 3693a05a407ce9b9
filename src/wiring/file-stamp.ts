import { stat } from 'node:fs/promises';

/** Changes when one of the files is written, renamed into place or taken away. Never rejects. */
export async function stampOf(files: readonly (string | undefined)[]): Promise<string> {
  const stamps = files.map(async (file) => {
    const found = file === undefined ? undefined : await stat(file, { bigint: true }).catch(() => undefined);
    return found ? `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}` : 'none';
  });
  return (await Promise.all(stamps)).join('\n');
}
