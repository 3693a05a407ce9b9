/**
 * Reads what is pushed, before anything is decided about it: the manifest as it came, and of the registry, which has the
 * blobs already, the configuration of an image and the statement of an attestation.
 */
import { WardenError } from '../errors.ts';
import { attestationsOf } from '../protocol/attestations.ts';
import { type BuildStatement, isBuildStatement, readBuildStatement } from '../protocol/build-statement.ts';
import { digestOf } from '../protocol/digest.ts';
import { hasImageConfig, type ImageConfig, readImageConfig } from '../protocol/image-config.ts';
import { MANIFEST_LIMIT, MANIFEST_TYPES, type Manifest, readManifest } from '../protocol/manifest.ts';
import { isReferrersTag } from '../protocol/referrers.ts';
import { chainIds } from '../provenance/chain-id.ts';
import type { KnownImage } from '../provenance/known-image.ts';
import type { Holding } from './body-budget.ts';
import { comparableLayers } from './image-facts.ts';
import { readBody } from './read-body.ts';
import type { Content, Pushing } from './store-manifest.ts';

/** In bytes. A configuration with more than this is not read, and its image is refused. */
const CONFIG_LIMIT = 4_194_304;
/** In bytes. A longer statement of a build is not read: it holds claims alone. */
const STATEMENT_LIMIT = 1_048_576;
/** Milliseconds that a push waits for what is only to be recorded: the index may just be filled anew. */
const BELOW_MS = 1_000;

/** @throws {WardenError} DIGEST_MISMATCH, MANIFEST_REFUSED, or what reading the body throws. */
export async function readContent(pushing: Pushing, { take }: Holding): Promise<Content> {
  const { deps, exchange, request } = pushing;
  const bytes = await readBody(exchange.request, MANIFEST_LIMIT, deps.settings.bodyTimeoutMs, take);
  const digest = digestOf(bytes);
  if ('digest' in request.reference && request.reference.digest !== digest)
    throw new WardenError('DIGEST_MISMATCH');
  const read = readManifest(bytes, exchange.request.headers['content-type']);
  if (!read.ok) throw refusedManifest(read.reason);
  const { manifest } = read;
  if ('tag' in request.reference && isReferrersTag(request.reference.tag) && !isIndex(manifest)) {
    throw refusedManifest(
      'under this tag stands the list of what refers to an image, which is an image index',
    );
  }
  const [config, statement] = await Promise.all([
    readConfig(pushing, manifest),
    readStatement(pushing, manifest),
  ]);
  const attests = attestationsOf(manifest, undefined).length > 0;
  const below = config && !attests ? await imagesBelow(pushing, config) : [];
  return { bytes, digest, manifest, config, statement, below };
}

async function readConfig({ deps, request }: Pushing, manifest: Manifest): Promise<ImageConfig | undefined> {
  if (!hasImageConfig(manifest) || manifest.config === undefined) return undefined;
  const blob = await deps.registry.readBlob(request.repository, manifest.config.digest, CONFIG_LIMIT);
  // Where it is absent the registry refuses the manifest, with its own words; too large a one it would accept.
  if (blob === undefined && manifest.config.size > CONFIG_LIMIT)
    throw refusedManifest('its configuration is too large');
  const config = blob && readImageConfig(blob);
  if (config && !config.ok) throw refusedManifest(`in its configuration, ${config.reason}`);
  return config?.config;
}

/** Of the first that there is. What cannot be had is left out: it would be claims, and nothing is decided by them. */
async function readStatement(
  { deps, request }: Pushing,
  manifest: Manifest,
): Promise<BuildStatement | undefined> {
  const [first] = attestationsOf(manifest, undefined).filter(
    ({ form, predicateType }) => form === 'in-toto' && isBuildStatement(predicateType),
  );
  const layer = manifest.layers.find(({ digest }) => digest === first?.digest);
  if (layer === undefined || layer.size > STATEMENT_LIMIT) return undefined;
  const blob = await deps.registry
    .readBlob(request.repository, layer.digest, STATEMENT_LIMIT)
    .catch(() => undefined);
  return blob && readBuildStatement(blob);
}

/** @returns undefined where the index could not say in time. */
async function imagesBelow(
  { deps, exchange }: Pushing,
  config: ImageConfig,
): Promise<readonly KnownImage[] | undefined> {
  const chains = chainIds(comparableLayers(config)).slice(0, -1).reverse();
  if (chains.length === 0) return [];
  const late = new AbortController();
  const waited = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), BELOW_MS);
    late.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    return await Promise.race([deps.imagesOfChain(chains), waited]);
  } catch (error) {
    exchange.log.warn(
      { err: error },
      'the images on record could not be searched for what this one is built on',
    );
    return undefined;
  } finally {
    late.abort();
  }
}

function isIndex({ mediaType }: Manifest): boolean {
  return mediaType === MANIFEST_TYPES.ociIndex;
}

function refusedManifest(reason: string): WardenError {
  return new WardenError('MANIFEST_REFUSED', { sentence: `the manifest is not acceptable: ${reason}` });
}
