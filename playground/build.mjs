// Writes asset/ anew; with --verify, compares it with what the npm package holds and changes nothing.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { readFiles } from './files.mjs';
import { licencesOf } from './licences.mjs';

const ASSET = path.join(import.meta.dirname, 'asset');

const files = readFiles();
files.set('LICENCES.txt', Buffer.from(licencesOf([...files.keys()])));

if (process.argv.includes('--verify')) verify();
else write();

function write() {
  rmSync(ASSET, { recursive: true, force: true });
  mkdirSync(ASSET);
  let size = 0;
  for (const [name, content] of files) {
    const compressed = compress(content);
    writeFileSync(path.join(ASSET, `${name}.br`), compressed);
    size += compressed.length;
  }
  console.log(`${files.size} files, ${Math.round(size / 1024)} KB`);
}

/** By content: another version of Node may compress differently. */
function verify() {
  const names = readdirSync(ASSET).map((file) => path.basename(file, '.br'));
  const differing = [...new Set([...names, ...files.keys()])].filter((name) => !isAsWritten(name, names));
  console.log(differing.length === 0 ? `${names.length} files are as in Ruru` : `differ: ${differing.join(', ')}`);
  if (differing.length > 0) process.exitCode = 1;
}

function isAsWritten(name, names) {
  const content = files.get(name);
  if (content === undefined || !names.includes(name)) return false;
  return brotliDecompressSync(readFileSync(path.join(ASSET, `${name}.br`))).equals(content);
}

function compress(content) {
  return brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
}
