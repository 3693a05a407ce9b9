/** What is taken for a new password. Hashes that are taken over from elsewhere are not judged: they do not tell. */

const LEAST = 8;
/** In bytes. Longer ones are hashed whole, but are no longer typed or stored by anything. */
const MOST = 1024;
/** What is tried first, everywhere. */
const KNOWN = new Set([
  'password',
  'passw0rd',
  'password1',
  'password123',
  '12345678',
  '123456789',
  '1234567890',
  '11111111',
  '00000000',
  'qwertyui',
  'qwertyuiop',
  'changeme',
  'changeit',
  'letmein1',
  'admin123',
  'administrator',
  'registry',
  'jenkins1',
  'welcome1',
  'iloveyou',
  'secret123',
]);

/** @returns why a password is not taken, as one sentence; undefined when it is. Never holds the password. */
export function passwordFault(user: string, password: string): string | undefined {
  if ([...password].length < LEAST) return `the password is too short; expected at least ${LEAST} characters`;
  if (Buffer.byteLength(password) > MOST) return `the password is too long; expected at most ${MOST} bytes`;
  // Basic credentials cannot carry control characters, and half a surrogate pair has no bytes.
  if (/\p{Cc}/u.test(password)) return 'the password holds a line break or another control character';
  if (/\p{Cs}/u.test(password)) return 'the password is not well-formed text';
  const folded = password.toLowerCase();
  if (folded === user) return 'the password is the name of the user';
  if (KNOWN.has(folded)) return 'the password is one of those that everyone tries first';
  return undefined;
}
