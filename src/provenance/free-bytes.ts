import { statfs } from 'node:fs/promises';

/** Free space for those who may not use the reserve of root, in bytes, on the disk of a folder. */
export function freeBytesOf(folder: string): () => Promise<number> {
  return async () => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  };
}
