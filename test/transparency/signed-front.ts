/** Warden with a signed log, two pushes on it, and a checkpoint that covers them. */
import { join } from 'node:path';
import { parseVkey, type VerifierKey } from '../../src/tlog/vkey.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, POLICY, startFront } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { leavesOf } from '../provenance/a-log.ts';

export const ORIGIN = 'registry.test/push-log';
/** carol reads of one repository. */
const WITH_PART = `${POLICY}
  - id: part
    allow: [audit]
    repositories: [sec]
    who: { groups: [security] }
`;

/**
 * alice has pushed, erin reads all of the record, carol a part. The key is that of the log.
 *
 * @param more settings besides.
 */
export async function startSignedFront(
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly front: Front; readonly key: VerifierKey }> {
  const front = await startFront({
    users: ['alice', 'carol', 'erin'],
    policy: WITH_PART,
    settings: { transparency: { origin: ORIGIN, keyFile: 'keys/log.pem' }, ...more },
  });
  try {
    const shown = await front.warden.cli(['keys', 'show']);
    const key = parseVkey(/registry\.test\/push-log\+\S+/.exec(shown.stdout)?.[0] ?? '', [1]);
    if (!key.ok) throw new Error(shown.stdout + shown.stderr);
    for (const repository of ['team/app', 'team/web']) {
      const token = await front.token({ user: 'alice', scope: `repository:${repository}:pull,push` });
      const pushed = await pushImage(front.place, repository, 'v1', smallImage(), { token, from: BUILDER });
      if (pushed.status !== 201) throw new Error(`a push was answered with ${pushed.status}: ${pushed.text}`);
    }
    const size = leavesOf(join(front.warden.folder, 'data')).length;
    const basic = { user: 'erin', password: front.passwords.erin };
    await eventually(
      () => front.ask({ path: '/api/v1/log/checkpoint', basic }),
      ({ status, text }) => status === 200 && Number(text.split('\n')[1]) >= size,
    );
    return { front, key: key.key };
  } catch (error) {
    await front.stop();
    throw error;
  }
}
