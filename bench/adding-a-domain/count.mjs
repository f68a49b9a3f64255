// Prints how many lines each implementation takes: what is written for the two types, and what is there once.
// A line counts if there is more in it than white space or a comment; so imports count. Migrations are left out.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const HERE = import.meta.dirname;
const RECIPE = path.resolve(HERE, '../../docs/adding-a-domain.md');
const IMPLEMENTATIONS = {
  nestjs: 'NestJS',
  pothos: 'Pothos',
  'pothos-prisma': 'Pothos with its Prisma plugin',
  'type-graphql': 'TypeGraphQL',
};

const rows = [tandem(), ...Object.entries(IMPLEMENTATIONS).map(([folder, title]) => implementation(folder, title))];
console.log('| | files of the two types | lines of the two types | lines that are there once |');
console.log('|---|--:|--:|--:|');
for (const { title, files, domain, shared } of rows.filter((row) => row !== undefined)) {
  console.log(`| ${title} | ${files} | ${domain} | ${shared} |`);
}

/** The recipe's code, in fenced blocks that name the file they belong to. */
function tandem() {
  if (!existsSync(RECIPE)) return undefined;
  const blocks = [...readFileSync(RECIPE, 'utf8').matchAll(/^(`{3,})(\w+)[ \t]+(.*\S)[ \t]*\n([^]*?)^\1[ \t]*$/gm)]
    .map(([, , language, info, code]) => ({ language, file: /[\w./-]+\.\w+/.exec(info)?.[0], code }))
    .filter(({ language, file }) => file !== undefined && language !== 'sql' && !file.endsWith('.sql'));
  const lines = blocks.map(({ language, code }) =>
    // Of a change, what it adds.
    language === 'diff' ? code.replace(/^(?!\+(?!\+\+)).*\n?/gm, '').replace(/^\+/gm, '') : code,
  );
  const files = new Set(blocks.map(({ file }) => file)).size;
  return { title: 'Tandem', files, domain: sum(lines.map((code) => linesOf(code).length)), shared: 'in Tandem' };
}

function implementation(folder, title) {
  const own = filesIn(path.join(HERE, folder, 'domain')).map(read);
  const once = [...filesIn(path.join(HERE, folder, 'shared')).map(read), ...commonFilesOf(folder).map(read)];
  // A line that a file of the project gets for the two types is marked, and so is its file.
  const marked = once.map((lines) => lines.filter((line) => line.endsWith('// domain')).length);
  return {
    title,
    files: own.length + marked.filter((count) => count > 0).length,
    domain: sum(own.map((lines) => lines.length)) + sum(marked),
    shared: sum(once.map((lines) => lines.length)) - sum(marked),
  };
}

/** The files of `common` that an implementation imports, and those that these import. */
function commonFilesOf(folder) {
  const files = new Set();
  const visit = (file) => {
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/from '(\.{1,2}\/[^']+)\.js'/g)) {
      const imported = `${path.resolve(path.dirname(file), target)}.ts`;
      if (path.dirname(imported) !== path.join(HERE, 'common') || files.has(imported)) continue;
      files.add(imported);
      visit(imported);
    }
  };
  for (const part of ['domain', 'shared']) filesIn(path.join(HERE, folder, part)).forEach(visit);
  return [...files];
}

function filesIn(folder) {
  return readdirSync(folder).map((name) => path.join(folder, name));
}

function read(file) {
  return linesOf(readFileSync(file, 'utf8'));
}

function linesOf(code) {
  return code
    .replace(/^\s*\/\*[^]*?\*\/\s*$/gm, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('//'));
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
