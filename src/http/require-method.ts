/** The methods that an address of ours offers. */
import { WardenError } from '../errors.ts';

/**
 * @throws {WardenError} METHOD_UNSUPPORTED, with what is offered.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6
 */
export function requireMethod(method: string, ...offered: readonly string[]): void {
  if (!offered.includes(method))
    throw new WardenError('METHOD_UNSUPPORTED', { headers: { Allow: offered.join(', ') } });
}
