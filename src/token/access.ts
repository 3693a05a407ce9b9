/** What a token allows: one entry for each name. */
export interface Access {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

/** True where the entries allow no more than reading images: what may be handed out twice. */
export function onlyPulls(access: readonly Access[]): boolean {
  return access.every(({ actions }) => actions.every((action) => action === 'pull'));
}
