// @ts-check
// A program of its own: node mongod-download.mjs <version> <folder>, prints the path of the mongod it brought.
const [, , version, downloadDir] = process.argv;

// The downloader checks the host's certificate only when npm's setting of this name is on, and npm passes it on only
// where somebody changed it. What comes is a program that we run: the check is not optional.
process.env['npm_config_strict_ssl'] = 'true';

try {
  const { MongoBinary } = await import('mongodb-memory-server-core/lib/util/MongoBinary.js');
  // It reports its progress by console.log; standard output belongs to the path alone.
  console.log = () => undefined;
  if (version === undefined || downloadDir === undefined) throw new Error('wants a version and a folder');
  const found = await MongoBinary.getPath({ version, downloadDir, checkMD5: true });
  process.stdout.write(found);
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
