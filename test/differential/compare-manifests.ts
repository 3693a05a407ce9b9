/** The same manifest read by Warden and by a registry. */
import { readManifest } from '../../src/protocol/manifest.ts';
import { type ManifestText, makeManifest } from './manifests.ts';
import type { Oracle } from './oracle.ts';
import type { Answered } from './pipeline.ts';
import { createRandom } from './random.ts';

export interface ManifestComparison {
  readonly accepted: number;
  /** Of the accepted, those that the registry read too: it asked for the content that they name. */
  readonly readByBoth: number;
  readonly ambiguous: number;
  /** Of the ambiguous, those that the registry would have read. */
  readonly readAlone: number;
  /** Accepted by Warden, though two readers may differ. Must be empty. */
  readonly doubtful: readonly ManifestText[];
  /** Accepted by both, with other content. Must be empty. */
  readonly disagreements: readonly {
    readonly manifest: ManifestText;
    readonly warden: readonly string[];
    readonly registry: readonly string[];
  }[];
}

const BATCH = 1_000;
const SHOWN = 5;

/** In an empty repository, so that all content of a manifest is missing: the registry then names it, one by one. */
export async function compareManifests(
  oracle: Oracle,
  seed: number,
  cases: number,
  read: typeof readManifest = readManifest,
): Promise<ManifestComparison> {
  const random = createRandom(seed);
  const doubtful: ManifestText[] = [];
  const disagreements: { manifest: ManifestText; warden: readonly string[]; registry: readonly string[] }[] =
    [];
  const count = { accepted: 0, readByBoth: 0, ambiguous: 0, readAlone: 0 };
  for (let done = 0; done < cases; done += BATCH) {
    const manifests = Array.from({ length: Math.min(BATCH, cases - done) }, () => makeManifest(random));
    const answers = await oracle.perform(
      manifests.map(({ contentType, text }) => ({
        method: 'PUT',
        target: '/v2/empty/manifests/tag',
        headers: [['Content-Type', contentType]],
        body: Buffer.from(text, 'utf8').toString('latin1'),
      })),
    );
    for (const [at, manifest] of manifests.entries()) {
      const reading = read(Buffer.from(manifest.text, 'utf8'), manifest.contentType);
      const registry = contentOf(answers[at]);
      if (manifest.ambiguous) count.ambiguous++;
      if (manifest.ambiguous && registry) count.readAlone++;
      if (!reading.ok) continue;
      count.accepted++;
      if (manifest.ambiguous) doubtful.push(manifest);
      if (registry === undefined) continue;
      count.readByBoth++;
      const { config, layers, children } = reading.manifest;
      const warden = [...(config ? [config] : []), ...layers, ...children].map(({ digest }) => digest);
      if (warden.join() !== registry.join()) disagreements.push({ manifest, warden, registry });
    }
  }
  return { ...count, doubtful: doubtful.slice(0, SHOWN), disagreements: disagreements.slice(0, SHOWN) };
}

/** The content that the registry read out of a manifest; undefined where it did not read it. */
function contentOf(answer: Answered | undefined): readonly string[] | undefined {
  if (answer?.status === 201) return [];
  if (answer?.status !== 400) return undefined;
  const { errors } = JSON.parse(answer.body.toString('utf8')) as {
    errors: { code: string; detail: unknown }[];
  };
  const missing = errors.filter(({ code }) => code === 'MANIFEST_BLOB_UNKNOWN');
  return missing.length === errors.length ? missing.map(({ detail }) => String(detail)) : undefined;
}
