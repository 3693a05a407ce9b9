/** Claims as the three CI servers make them, with the settings that docs/oidc.md gives for each. */
import type { Members } from '../support/issuer.ts';

export const AUDIENCE = 'registry.corp';

/** A plugin's token has neither `jti` nor `nbf`, and an array as audience. */
export const JENKINS: Members = {
  sub: 'https://jenkins.corp/job/team/job/app/',
  aud: [AUDIENCE],
  build_number: 117,
};

export const GITLAB: Members = {
  sub: 'project_path:team/app:ref_type:branch:ref:main',
  aud: AUDIENCE,
  jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
  namespace_id: '72',
  namespace_path: 'team',
  project_id: '20',
  project_path: 'team/app',
  user_id: '1',
  user_login: 'alice',
  user_email: 'alice@corp.example',
  user_access_level: 'developer',
  pipeline_id: '574',
  pipeline_source: 'push',
  job_id: '302',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  ref_protected: 'true',
  groups_direct: ['team', 'team/inner', 'platform'],
  environment: 'production',
  environment_protected: 'false',
  runner_id: 1,
  runner_environment: 'self-hosted',
  sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  project_visibility: 'private',
  ci_config_ref_uri: 'gitlab.corp/team/app//.gitlab-ci.yml@refs/heads/main',
};

export const GITHUB: Members = {
  jti: '1c1f6b92-1f0a-4c3a-9f55-8c2f3bde2f4d',
  sub: 'repo:corp/app:environment:production',
  aud: AUDIENCE,
  ref: 'refs/tags/v1.4.0',
  sha: '0f39f1bd2d6b1b2f4a4f2a3a0d2c6d2b7a9c1e11',
  repository: 'corp/app',
  repository_owner: 'corp',
  repository_owner_id: '65',
  run_id: '30433642',
  run_number: '10',
  run_attempt: '2',
  actor: 'octocat',
  actor_id: '12',
  workflow: 'release',
  head_ref: '',
  base_ref: '',
  event_name: 'push',
  ref_type: 'tag',
  environment: 'production',
  job_workflow_ref: 'corp/app/.github/workflows/release.yml@refs/tags/v1.4.0',
  runner_environment: 'github-hosted',
};
