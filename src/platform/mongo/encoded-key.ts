import mongoose from 'mongoose';

const { EJSON } = mongoose.mongo.BSON;

/** A value of MongoDB's as a text from which {@link decodedKey} makes the same, of the same type. */
export function encodedKey(value: unknown): string {
  return EJSON.stringify({ value }, { relaxed: false });
}

/** @throws {TypeError} or a SyntaxError for a text that {@link encodedKey} has not made */
export function decodedKey(text: string): unknown {
  const { value } = EJSON.parse(text, { relaxed: false }) as { value?: unknown };
  if (value === undefined) throw new TypeError('there is no value in the text');
  return value;
}
