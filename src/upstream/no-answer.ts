/** The registry was asked and did not answer in time. A kept connection that died says so at once, so this is no such. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}
