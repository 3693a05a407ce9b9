/** Reads the parameters of an address: each known, each once, each with a value that can be read. */
import type { z } from 'zod';
import { type RawFilters, readParameters } from '../audit/parameters.ts';

/** @throws {WardenError} FILTER_MALFORMED that names the parameter and what was expected. */
export function readQuery<S extends z.ZodObject<z.ZodRawShape>>(schema: S, query: RawFilters): z.output<S> {
  return readParameters<z.output<S>>(schema as S & z.ZodType<z.output<S>>, query);
}
