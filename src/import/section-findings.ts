/** What there is to say of the other sections of a docker_auth configuration. */
import type { DockerAuthFile } from './docker-auth-file.ts';
import { type Finding, quoted } from './finding.ts';

/** What is configured elsewhere, or not offered. */
const SECTIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    server: 'address, TLS and Let’s Encrypt: listen and publicUrl of warden.yaml',
    token: 'issuer, lifetime and keys: `warden keys init` makes keys; registry and tokens of warden.yaml',
    ldap_auth: 'logins of a directory are not carried: set them up under ldap of warden.yaml (docs/ldap.md)',
    oidc_auth:
      'logins of people by OpenID Connect are not offered; builds log in with id tokens under oidc of warden.yaml (docs/oidc.md)',
    google_auth: 'logins by Google are not offered; its users cannot log in',
    github_auth: 'logins by GitHub are not offered; its users cannot log in',
    gitlab_auth: 'logins by GitLab are not offered; its users cannot log in',
    mongo_auth: 'users in MongoDB are not read; put them into the users file',
    xorm_auth: 'users in a database are not read; put them into the users file',
    ext_auth: 'programs that check passwords are not offered; put its users into the users file',
    plugin_authn: 'plugins that check passwords are not offered; put its users into the users file',
    acl_mongo:
      'entries in MongoDB are not read; what they granted is refused. Their order was that of the storage, not of `seq`',
    acl_xorm: 'entries in a database are not read; what they granted is refused',
    ext_authz: 'programs that decide are not offered; what it granted is refused',
    plugin_authz: 'plugins that decide are not offered; what it granted is refused',
    casbin_authz: 'Casbin policies are not read; what it granted is refused',
  }),
);
const CONFIGURED = ['server', 'token'];

/** Sections from which users come whom the file does not name. */
export function isOpenWorld({ sections }: DockerAuthFile): boolean {
  return sections.some(({ key }) =>
    /^(?:ldap|oidc|google|github|gitlab|mongo|xorm|ext)_auth$|^plugin_authn$/.test(key),
  );
}

export function sectionFindings({ sections, realIpHeader, labelClaims }: DockerAuthFile): readonly Finding[] {
  const found = sections.map(({ key, line }): Finding => {
    const text = SECTIONS.get(key);
    if (text === undefined)
      return {
        kind: 'look',
        line,
        text: `docker_auth passes over the unknown key ${quoted(key)}, and so does the import`,
      };
    return { kind: CONFIGURED.includes(key) ? 'look' : 'lost', line, text: `${key}: ${text}` };
  });
  if (realIpHeader !== undefined) {
    found.push({
      kind: 'hole',
      line: realIpHeader,
      text: 'real_ip_header believed what any client wrote into the header; name your proxies under trustedProxies of warden.yaml',
    });
  }
  if (labelClaims !== undefined) {
    found.push({
      kind: 'hole',
      line: labelClaims,
      text: 'docker_auth reads labels_claims, not label_claims: these labels were never there',
    });
  }
  return found;
}
