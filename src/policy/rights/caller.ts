import type { BuildClaims, SubjectKind } from '../facts.ts';

/** Who asks. Whoever has a name is not anonymous. */
export interface GivenWho {
  readonly name?: string;
  readonly kind?: SubjectKind;
  readonly method?: string;
  /** All of the caller's groups, or those that are known. */
  readonly groups?: { readonly names: ReadonlySet<string>; readonly complete: boolean };
  /** All claims; a caller of another kind than `build` has none. */
  readonly build?: BuildClaims;
}
