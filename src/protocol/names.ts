/**
 * The names of the registry protocol, each with the one form that Warden accepts.
 *
 * Names are compared as bytes: no folding of case, no trimming, no Unicode normalisation.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[a-f0-9]{64}$/;

/** The registry answers 500 above this length. */
export const REPOSITORY_LENGTH = 255;

/** True for a repository name such as `base/centos7`. Linear in the length of the text, which is bounded first. */
export function isRepository(text: string): boolean {
  return text.length > 0 && text.length <= REPOSITORY_LENGTH && REPOSITORY.test(text);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** True for `sha256:` and 64 lower-case hex digits: the only algorithm that the registries behind accept for manifests. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** What stands behind `/manifests/`: a tag, or the digest of the content. */
export type Reference = { readonly tag: string } | { readonly digest: string };

/** @returns undefined for what is neither, for example `sha256:abc` or `tag:x`. */
export function parseReference(text: string): Reference | undefined {
  if (isDigest(text)) return { digest: text };
  return isTag(text) ? { tag: text } : undefined;
}

/** The text of a reference as it stands in an address. */
export function referenceText(reference: Reference): string {
  return 'tag' in reference ? reference.tag : reference.digest;
}
