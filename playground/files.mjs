// What a browser loads of Ruru: the files that its entry leads to.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const STATIC = path.join(import.meta.dirname, 'node_modules', 'ruru', 'static');

const ENTRIES = ['ruru.js', 'ruru.css', 'editorWorker.js', 'graphqlWorker.js', 'jsonWorker.js'];

/** Draws the plans that Ruru's Explain panel shows, which Tandem hides: a third of all that Ruru brings. */
const LEFT_OUT = /node_modules\/mermaid\/|\/grafast\/dist\/mermaid\.js/;

/** Each file that can be loaded, by its name, as it is served. */
export function readFiles() {
  const names = new Set(ENTRIES);
  for (const name of names) for (const next of neededBy(name)) names.add(next);
  return new Map([...names].sort().map((name) => [name, served(name)]));
}

/** The files, of whatever package, that Ruru's bundler put into this one. */
export function sourcesOf(name) {
  const map = path.join(STATIC, `${name}.map`);
  return existsSync(map) ? JSON.parse(readFileSync(map, 'utf8')).sources : [];
}

/** The notices that the bundler took out of the code. */
export function noticesOf(name) {
  const notices = path.join(STATIC, `${name}.LICENSE.txt`);
  return existsSync(notices) ? readFileSync(notices, 'utf8') : '';
}

function neededBy(name) {
  if (name.endsWith('.ttf')) return [];
  const text = readFileSync(path.join(STATIC, name), 'utf8');
  const chunks = [...text.matchAll(/\b\w+\.e\((\d+)\)/g)].flatMap(([, id]) => [`${id}.js`, `${id}.ruru.css`]);
  const fonts = [...text.matchAll(/url\(([\w.]+\.ttf)\)/g)].map(([, font]) => font);
  return [...chunks, ...fonts].filter(
    (next) => existsSync(path.join(STATIC, next)) && !sourcesOf(next).some((source) => LEFT_OUT.test(source)),
  );
}

function served(name) {
  const content = readFileSync(path.join(STATIC, name));
  if (name.endsWith('.ttf')) return content;
  // Maps are not served, so nobody shall ask for them.
  const text = content
    .toString('utf8')
    .replace(/\n(\/\/# sourceMappingURL=\S+|\/\*# sourceMappingURL=\S+\*\/)\s*$/, '\n');
  // Letters are the system's: Roboto and Fira Code would be a fifth of all. The icons come with the editor's own file.
  return Buffer.from(name === 'ruru.css' ? text.replaceAll(/@font-face\s*\{[^}]*\}/g, '') : text);
}
