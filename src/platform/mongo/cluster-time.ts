import mongoose from 'mongoose';

const { Timestamp } = mongoose.mongo.BSON;

/**
 * A moment in the life of a replica set or a cluster, as MongoDB counts it: 16 hex characters, 8 for the seconds and 8 for
 * the number within the second. They compare as texts in the order in which things happened.
 */
export type ClusterTime = string & { readonly __brand: 'ClusterTime' };

const CLUSTER_TIME = /^[0-9a-f]{16}$/;

export function isClusterTime(text: unknown): text is ClusterTime {
  return typeof text === 'string' && CLUSTER_TIME.test(text);
}

/** @throws {TypeError} for what is no timestamp of MongoDB's */
export function clusterTimeOf(value: unknown): ClusterTime {
  if (!(value instanceof Timestamp)) throw new TypeError('MongoDB has told no cluster time');
  return (hex(value.t) + hex(value.i)) as ClusterTime;
}

/** As MongoDB takes it. */
export function timestampOf(time: ClusterTime): mongoose.mongo.Timestamp {
  return new Timestamp({ t: Number.parseInt(time.slice(0, 8), 16), i: Number.parseInt(time.slice(8), 16) });
}

/** The last moment before this one. */
export function before(time: ClusterTime): ClusterTime {
  const number = BigInt(`0x${time}`);
  return number === 0n ? time : fromNumber(number - 1n);
}

/** The first moment after this one. */
export function after(time: ClusterTime): ClusterTime {
  return fromNumber(BigInt(`0x${time}`) + 1n);
}

/**
 * The cluster time in a resume token: a token is an index key (KeyString) that begins with it, since MongoDB 4.0.7. Null for
 * one that does not look so; whoever reads it holds it against what the events themselves say.
 */
export function timeOfToken(token: unknown): ClusterTime | null {
  const data = (token as { _data?: unknown } | null)?._data;
  const [, time] = typeof data === 'string' ? (/^82([0-9a-f]{16})/i.exec(data) ?? []) : [];
  return time === undefined ? null : (time.toLowerCase() as ClusterTime);
}

function fromNumber(number: bigint): ClusterTime {
  return number.toString(16).padStart(16, '0') as ClusterTime;
}

function hex(bits: number): string {
  return bits.toString(16).padStart(8, '0');
}
