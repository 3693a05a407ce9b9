/**
 * The chain ids of an image: one for each of its layers, which names that layer with all below it. Two images with one of
 * them in common have the same file system up to there.
 *
 * @param diffIds of the image's configuration, lowest first.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
 */
import { digestOf } from '../protocol/digest.ts';

export function chainIds(diffIds: readonly string[]): readonly string[] {
  let chain: string | undefined;
  return diffIds.map((diffId) => {
    chain = chain === undefined ? diffId : digestOf(`${chain} ${diffId}`);
    return chain;
  });
}
