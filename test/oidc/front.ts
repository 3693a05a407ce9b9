/** A Warden that takes the tokens of an issuer, and the policy that its builds push by. */
import { BUILDER, type Front, startFront, type UserName } from '../gate/front.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { documented } from './settings-of.ts';
import { AUDIENCE } from './shapes.ts';

export interface Builds {
  readonly issuer: Issuer;
  readonly front: Front;
  stop(): Promise<void>;
}

export const BRANCH_MESSAGE = 'Only main is pushed here.';

function policyFor(issuer: string): string {
  return `
hosts:
  jenkins-01: { addresses: [${BUILDER}] }
networks:
  intranet: [127.0.0.0/8]
  builders: [jenkins-01]
rules:
  - id: pulls
    allow: [pull]
    repositories: ["**"]
    from: [intranet]
  - id: builds-push-their-own
    allow: [push]
    repositories: ["{build.project}/**"]
    who: { kinds: [build], methods: [oidc] }
    build: { issuer: ["${issuer}"], branch: [main] }
    from: [builders]
    message: ${BRANCH_MESSAGE}
  - id: people
    allow: [push]
    repositories: ["people/**"]
    who: { groups: [ci], kinds: [person] }
  - id: alice-alone
    allow: [push]
    repositories: ["alice/**"]
    who: { users: [alice] }
  - id: platform
    allow: [push]
    repositories: ["platform/**"]
    who: { groups: [platform] }
  - id: auditors
    allow: [audit]
    repositories: ["**"]
    who: { groups: [auditors] }
`;
}

/** By the example for GitLab in docs/oidc.md. */
export async function startBuilds(
  settings: Readonly<Record<string, unknown>> = {},
  entry: Readonly<Record<string, unknown>> = {},
  users: readonly UserName[] = ['alice'],
): Promise<Builds> {
  const issuer = await startIssuer();
  try {
    const front = await startFront({
      users,
      policy: policyFor(issuer.url),
      settings: {
        oidc: [{ ...documented('gitlab'), issuer: issuer.url, audiences: [AUDIENCE], ...entry }],
        ...settings,
      },
    });
    return {
      issuer,
      front,
      async stop() {
        await front.stop();
        await issuer.stop();
      },
    };
  } catch (error) {
    await issuer.stop();
    throw error;
  }
}
