import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { brotliDecompress, gzip } from 'node:zlib';

type Encoding = 'br' | 'gzip' | 'identity';

/** A file in the form that a client takes. */
export interface AssetFile {
  readonly type: string;
  readonly encoding: Encoding;
  readonly content: Buffer;
}

/** The same from `src/` and from `dist/`. */
const FOLDER = new URL('../../../playground/asset/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  ttf: 'font/ttf',
  txt: 'text/plain; charset=utf-8',
};

const decompress = promisify(brotliDecompress);
const compress = promisify<Buffer, Buffer>(gzip);

/** From what lies in the folder. Browsers take Brotli only from hosts that they trust: not from http://10.0.0.7. */
const FORMS: Readonly<Record<Encoding, (stored: Buffer) => Promise<Buffer>>> = {
  br: (stored) => Promise.resolve(stored),
  gzip: async (stored) => compress(await decompress(stored)),
  identity: (stored) => decompress(stored),
};

/** What the IDE loads, as `playground/build.mjs` wrote it: read once, and nothing else can be asked for. */
export class Asset {
  /** Changes with the content of any file. */
  readonly version: string;
  readonly #stored = new Map<string, Buffer>();
  readonly #made = new Map<string, Promise<Buffer>>();

  constructor() {
    const hash = createHash('sha256');
    for (const file of readdirSync(FOLDER).sort()) {
      const content = readFileSync(new URL(file, FOLDER));
      this.#stored.set(file.replace(/\.br$/, ''), content);
      hash.update(file).update(content);
    }
    this.version = hash.digest('hex').slice(0, 12);
  }

  /** The file in the smallest form that the header `accept-encoding` allows; null when there is none of that name. */
  async find(name: string, acceptEncoding = ''): Promise<AssetFile | null> {
    const stored = this.#stored.get(name);
    if (stored === undefined) return null;
    const encoding = (['br', 'gzip'] as const).find((wanted) => allows(acceptEncoding, wanted)) ?? 'identity';
    const form = `${encoding} ${name}`;
    const content = this.#made.get(form) ?? FORMS[encoding](stored);
    this.#made.set(form, content);
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    return { type, encoding, content: await content };
  }
}

function allows(acceptEncoding: string, encoding: string): boolean {
  return acceptEncoding.split(',').some((part) => {
    const [name, quality] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === encoding && !/^q\s*=\s*0(\.0*)?$/.test(quality ?? '');
  });
}
