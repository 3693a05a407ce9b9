/** The request was given up before its first byte: the registry knows nothing of it. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}
