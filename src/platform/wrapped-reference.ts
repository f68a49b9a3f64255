/** A row that a reference means, although the graph does not join the two. */
export interface Meant {
  /** The row's key, as the graph shows it. */
  readonly key: string;
  /**
   * `plain`: the reference is the key, and a look at another moment has missed the row. `wrapped`: the reference is the key in quotes, brackets and the like, which a statement can take off. `mentioned`: it
   * holds the key among other text, or in another encoding. `otherType`: the key is of a type by which the graph joins
   * nothing.
   */
  readonly how: 'plain' | 'wrapped' | 'mentioned' | 'otherType';
  /** The type of the key: `string`. */
  readonly type: string;
}

/** Kinds of ids that can be told apart from what is written around them. */
export type WrappedKind = 'objectId' | 'uuid';

/** How a regular expression writes a character by its code point: `posix` is PostgreSQL's, `pcre` MongoDB's. */
type Dialect = 'js' | 'posix' | 'pcre';

/** Blanks, line ends and characters without a width. */
const BLANKS = [
  ...[0x01, 0x20, 0x7f, 0xa0, 0xad, 0xad, 0x1680, 0x1680, 0x180e, 0x180e, 0x2000, 0x200f],
  ...[0x2028, 0x202f, 0x205f, 0x206f, 0x3000, 0x3000, 0xfeff, 0xfeff],
];

/** Quotation marks of any script, and what serves as one. */
const QUOTES = [
  ...[0x22, 0x22, 0x27, 0x27, 0x60, 0x60, 0xab, 0xab, 0xb4, 0xb4, 0xbb, 0xbb, 0x2b9, 0x2bc],
  ...[0x2018, 0x201f, 0x2032, 0x2036, 0x2039, 0x203a, 0x275b, 0x275e, 0x300c, 0x300f, 0xff02, 0xff02, 0xff07, 0xff07],
];

/** `$ ( ) , . : ; < = > [ \ ] { }` */
const MARKS = [0x24, 0x24, 0x28, 0x29, 0x2c, 0x2c, 0x2e, 0x2e, 0x3a, 0x3e, 0x5b, 0x5d, 0x7b, 0x7b, 0x7d, 0x7d];

/** What programs write before an id, or behind it. None is the beginning of another, or a digit of an id. */
const WORDS: Readonly<Record<WrappedKind, readonly string[]>> = {
  objectId: [
    ...['new', 'mongoose', 'types', 'bson', 'mongodb', 'primitive', 'objectid', 'object_id', 'oid', '_id', 'id'],
    ...['tohexstring', 'tostring', 'str', 'hex'],
  ],
  uuid: ['new', 'bson', 'urn', 'uuid', 'guid', '_id', 'id', 'tostring', 'str', 'hex'],
};

const KEYS: Readonly<Record<WrappedKind, string>> = {
  objectId: '[0-9a-f]{24}',
  uuid: '[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}',
};

/**
 * The pattern of a key alone in its wrapping, whose first group is the key. It is to be compared without regard to case.
 * PostgreSQL, MongoDB and this program read it alike, so that a statement mends what was found, and nothing else.
 */
export function wrappedPattern(kind: WrappedKind, dialect: Dialect): string {
  const wrapping = `(?:[${classOf([...BLANKS, ...QUOTES, ...MARKS], dialect)}]|${WORDS[kind].join('|')})*`;
  // In PCRE a dollar also stands before a line end.
  return `^${wrapping}(${KEYS[kind]})${wrapping}${dialect === 'pcre' ? '\\z' : '$'}`;
}

function classOf(ranges: readonly number[], dialect: Dialect): string {
  const character = (code: number) => {
    const hex = code.toString(16).padStart(4, '0');
    return dialect === 'pcre' ? `\\x{${hex}}` : `\\u${hex}`;
  };
  let ofAll = '';
  for (let at = 0; at < ranges.length; at += 2) {
    const [first = 0, last = 0] = ranges.slice(at, at + 2);
    ofAll += first === last ? character(first) : `${character(first)}-${character(last)}`;
  }
  return ofAll;
}

const WRAPPED: Readonly<Record<WrappedKind, RegExp>> = {
  objectId: new RegExp(wrappedPattern('objectId', 'js'), 'i'),
  uuid: new RegExp(wrappedPattern('uuid', 'js'), 'i'),
};

/** Longer texts are no references, and are not searched. */
const LONGEST = 2_000;

/** The key that a reference is once its wrapping is off, in normal spelling; null where it is none. */
export function unwrapped(kind: WrappedKind, reference: string): string | null {
  if (reference.length > LONGEST) return null;
  const key = WRAPPED[kind].exec(reference)?.[1]?.toLowerCase();
  return key === undefined ? null : kind === 'uuid' ? dashed(key) : key;
}

const MENTIONS: Readonly<Record<WrappedKind, RegExp>> = {
  objectId: /(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])/gi,
  uuid: /(?<![0-9a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])/gi,
};

/** Every key that a reference holds, whatever is around it, in normal spelling. */
export function mentionedKeys(kind: WrappedKind, reference: string): readonly string[] {
  const texts = readings(reference).flatMap((text) => [text, text.replaceAll(BLANK, '')]);
  const found = texts.flatMap((text) => text.match(MENTIONS[kind]) ?? []).map((key) => key.toLowerCase());
  return [...new Set(kind === 'uuid' ? found.map(dashed) : found)];
}

/** A UUID with the dashes that it may have been written without. */
export function dashed(uuid: string): string {
  const hex = uuid.replaceAll('-', '').toLowerCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const BLANK = new RegExp(`[${classOf(BLANKS, 'js')}]`, 'g');
const TRIMMED = new RegExp(`^[${classOf(BLANKS, 'js')}]+|[${classOf(BLANKS, 'js')}]+$`, 'g');
const QUOTED = new RegExp(`^\\\\*[${classOf(QUOTES, 'js')}]|\\\\*[${classOf(QUOTES, 'js')}]$`, 'g');

/** What a key of any kind may be wrapped in, one layer each. */
const LAYERS: readonly (readonly [RegExp, string])[] = [
  [TRIMMED, ''],
  [/^[,;]+|[,;]+$/g, ''],
  [/^(?:new\s+)?[a-z_.$][\w.$]*\s*\(([^]*)\)(?:\s*\.\s*\w+\s*\(\s*\))?$/i, '$1'],
  [/^\{\s*\\*["'`]?[$\w]+\\*["'`]?\s*(?:[:=]|=>)\s*([^]*)\}$/, '$1'],
  [/^\[([^]*)\]$/, '$1'],
  [/^\(([^]*)\)$/, '$1'],
  [/^\{([^]*)\}$/, '$1'],
  [/^<([^]*)>$/, '$1'],
  [/^urn:\w+:/i, ''],
  [/^(?:\$?oid|_?id|uuid|guid|objectid)\s*[:=]\s*/i, ''],
  [QUOTED, ''],
];

/** More layers than a reference goes through on its way from program to program. */
const MOST_LAYERS = 64;

/** The texts that a reference may stand for: itself, and what is inside of each layer of its wrapping. */
export function insides(reference: string): readonly string[] {
  if (reference.length > LONGEST) return [reference];
  const found = new Set<string>();
  for (const reading of readings(reference)) {
    let text: string | null = reading;
    for (let layer = 0; text !== null && layer < MOST_LAYERS; layer += 1) {
      found.add(text);
      text = withoutOneLayer(text);
    }
  }
  return [...found].filter((text) => text !== '' || reference === '');
}

function withoutOneLayer(text: string): string | null {
  for (const [pattern, inside] of LAYERS) {
    const inner = text.replace(pattern, inside);
    if (inner !== text) return inner;
  }
  return null;
}

/** A reference as it stands, and as it reads once what programs escape is put back. */
function readings(reference: string): readonly string[] {
  if (reference.length > LONGEST) return [reference];
  const unescaped = reference
    .replaceAll(/\\u\{?([0-9a-f]{4})\}?|\\x([0-9a-f]{2})|&#x([0-9a-f]{1,5});|%([0-7][0-9a-f])/gi, (...found) => {
      const codes = found.slice(1, 5) as readonly (string | undefined)[];
      return String.fromCodePoint(Number.parseInt(codes.find((code) => code !== undefined) ?? '20', 16));
    })
    .replaceAll(/&#(\d{1,6});/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll(/&(?:quot|apos|nbsp|lt|gt);/gi, ' ')
    .replaceAll(/\\[nrt]/g, ' ');
  return [...new Set([reference, unescaped, unescaped.normalize('NFKC')])];
}
