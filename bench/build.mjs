// Generates the Prisma client, then compiles the implementations, each by itself: their libraries extend the same types.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { before } from '@nestjs/graphql/plugin';
import ts from 'typescript';

const root = import.meta.dirname;
const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' };

execFileSync(
  process.execPath,
  ['node_modules/prisma/build/index.js', 'generate', '--config=adding-a-domain/pothos-prisma/shared/prisma.config.ts'],
  {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    // Generating wants the path of an engine, but never runs it: with one given, none is downloaded.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
  },
);

for (const name of ['nestjs', 'pothos', 'pothos-prisma', 'type-graphql']) {
  const include = [`adding-a-domain/${name}/**/*.ts`];
  const { fileNames, options } = ts.parseJsonConfigFileContent({ ...config, include }, ts.sys, root);
  const program = ts.createProgram(fileNames, options);
  const transformers = name === 'nestjs' ? { before: [writeFields(program)] } : undefined;
  const { diagnostics } = program.emit(undefined, undefined, undefined, false, transformers);
  const errors = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (errors.length === 0) continue;
  console.error(ts.formatDiagnostics(errors, host));
  process.exitCode = 1;
}

/** The CLI plugin of @nestjs/graphql, which writes @Field decorators as `nest build` would have it do. */
function writeFields(program) {
  const plugin = before({ esmCompatible: true }, program);
  return (context) => (source) => (source.fileName.includes('/nestjs/') ? plugin(context)(source) : source);
}
