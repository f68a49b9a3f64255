// The licences of all that is in the files, in one text.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { noticesOf, sourcesOf } from './files.mjs';

const MODULES = path.join(import.meta.dirname, 'node_modules');
const LICENCE = /^licen[cs]e/i;
const NOTICES = /^third-?party-?notices/i;
const RULE = `\n\n${'='.repeat(100)}\n\n`;

/**
 * One section for each wording, headed by the packages that have it.
 *
 * @throws for a package whose licence is nowhere to be found
 */
export function licencesOf(names) {
  const packages = [...new Set(['ruru', ...names.flatMap(sourcesOf).flatMap(packageOf)])].sort();
  const wordings = new Map();
  for (const name of packages) wordings.set(wordingOf(name), [...(wordings.get(wordingOf(name)) ?? []), name]);
  const sections = [...wordings].map(([text, owners]) => `${owners.join('\n')}\n\n${text}`);
  const notices = packages.flatMap((name) => textsOf(name, NOTICES).map((text) => `Notices of ${name}\n\n${text}`));
  const banners = names.map(noticesOf).filter((text) => text !== '');
  return [...sections, ...banners, ...notices].map((text) => text.trim()).join(RULE) + '\n';
}

function packageOf(source) {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
  return name === undefined ? [] : [name];
}

/** Without a text of its own, a package has that of its repository; or else what its manifest says. */
function wordingOf(name) {
  const [text] = textsOf(name, LICENCE);
  if (text !== undefined) return text.trim();
  const { license, author, repository } = manifestOf(name);
  const sibling =
    { 'react-compiler-runtime': 'react' }[name] ?? (name.startsWith('@graphiql/') ? 'graphiql' : undefined);
  if (sibling !== undefined) return wordingOf(sibling);
  if (license === undefined) throw new Error(`${name} has no licence: look for one, or leave its files out`);
  return `${license}, by ${author?.name ?? author ?? ''} ${repository?.url ?? repository ?? ''}`;
}

function textsOf(name, pattern) {
  const folder = path.join(MODULES, name);
  if (!existsSync(folder)) throw new Error(`${name} is in Ruru's files; npm install --save-dev it for its licence`);
  const files = readdirSync(folder).filter((file) => pattern.test(file));
  return files.sort().map((file) => readFileSync(path.join(folder, file), 'utf8').replaceAll('\r\n', '\n'));
}

function manifestOf(name) {
  return JSON.parse(readFileSync(path.join(MODULES, name, 'package.json'), 'utf8'));
}
