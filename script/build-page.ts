/**
 * Bundles src/page for browsers into a folder: dist/page unless another is named. Names of files hold a digest of their
 * content, so that a browser may keep them for ever; index.html names them. Each lies there compressed too: at the highest
 * quality, for which nobody would wait at a start.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const target = process.argv[2] ?? join(ROOT, 'dist', 'page');

const { outputFiles } = await build({
  entryPoints: [join(ROOT, 'src', 'page', 'main.tsx')],
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome120', 'firefox121', 'safari17'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'inline',
  write: false,
  outdir: target,
});

/** The file that names others comes last: whoever reads the folder meanwhile finds the page before or this one, whole. */
function put(name: string, contents: Uint8Array): void {
  const forms = {
    '.br': brotliCompressSync(contents),
    '.gz': gzipSync(contents, { level: 9 }),
    '': contents,
  };
  for (const [ending, bytes] of Object.entries(forms)) {
    const file = join(target, `${name}${ending}`);
    writeFileSync(`${file}.${process.pid}`, bytes);
    renameSync(`${file}.${process.pid}`, file);
  }
}

mkdirSync(target, { recursive: true });
const names: Record<string, string> = {};
for (const { path, contents } of outputFiles) {
  const ending = extname(path);
  const name = `page-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}${ending}`;
  names[ending] = name;
  put(name, contents);
}
const index = readFileSync(join(ROOT, 'src', 'page', 'index.html'), 'utf8')
  .replace('main.js', names['.js'] ?? '')
  .replace('main.css', names['.css'] ?? '');
put('index.html', Buffer.from(index));
for (const name of readdirSync(target)) {
  if (/^page-/.test(name) && !Object.values(names).includes(name.replace(/\.(?:br|gz)$/, '')))
    rmSync(join(target, name), { force: true });
}
