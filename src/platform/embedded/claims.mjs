// @ts-check
// Plain JavaScript on purpose: the scripts that run before anything is installed or built import it as it is.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, processIdentity } from './processes.mjs';

/**
 * @typedef {{ kind: 'held', release: () => void } | { kind: 'taken', pid: number }} Claim
 */

// Two that claim at the same moment see each other and both step back; a real owner is still there after these.
const ATTEMPTS = 5;

/**
 * At most one live process holds a folder's claim. A process that died holds nothing, however it died.
 *
 * Each claimant adds a file of its own, then looks for others: of two holders the later one would have seen the
 * earlier one's file, so there cannot be two. Nobody ever replaces a file, so taking over from the dead has no race:
 * only files whose process is gone are removed, and nobody writes those.
 * @param {string} folder
 * @returns {Promise<Claim>}
 */
export async function claim(folder) {
  /** @type {Claim} */
  let outcome = { kind: 'taken', pid: 0 };
  for (let attempt = 0; attempt < ATTEMPTS && outcome.kind === 'taken'; attempt += 1) {
    if (attempt > 0) await sleep(20 + Math.random() * 80);
    outcome = claimOnce(folder);
  }
  return outcome;
}

/**
 * The live process that holds the folder's claim, if there is one.
 * @param {string} folder
 * @returns {number | undefined}
 */
export function claimHolder(folder) {
  return readClaims(folder).find(isHeld)?.pid;
}

/**
 * Lets a child of the holder hold the claim too: should it outlive the holder, the folder stays taken until it ends.
 * @param {string} folder
 * @param {number} pid
 */
export function shareClaim(folder, pid) {
  writeClaim(folder, pid);
}

/**
 * @param {string} folder
 * @returns {Claim}
 */
function claimOnce(folder) {
  const file = writeClaim(folder, process.pid);
  const release = () => {
    rmSync(file, { force: true });
  };
  const others = readClaims(folder).filter((other) => other.file !== file);
  const holder = others.find(isHeld);
  if (holder !== undefined) {
    release();
    return { kind: 'taken', pid: holder.pid };
  }
  for (const { file: leftOver } of others) rmSync(leftOver, { force: true });
  return { kind: 'held', release };
}

/**
 * @param {string} folder
 * @param {number} pid
 * @returns {string} the claim's file
 */
function writeClaim(folder, pid) {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${String(pid)}-${randomUUID()}`);
  // Written under another name first: a reader must never see an empty claim.
  writeFileSync(`${file}.new`, JSON.stringify({ pid, identity: processIdentity(pid) }));
  renameSync(`${file}.new`, file);
  return file;
}

/** @param {{ pid: number, identity?: string | undefined }} claim */
function isHeld({ pid, identity }) {
  return isAlive(pid) && (identity === undefined || identity === processIdentity(pid));
}

/**
 * @param {string} folder
 * @returns {{ file: string, pid: number, identity?: string | undefined }[]}
 */
function readClaims(folder) {
  /** @type {string[]} */
  let names;
  try {
    names = readdirSync(folder).filter((name) => !name.endsWith('.new'));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const file = path.join(folder, name);
    try {
      const claim = /** @type {{ pid: number, identity?: string }} */ (JSON.parse(readFileSync(file, 'utf8')));
      return [{ file, ...claim }];
    } catch {
      return []; // released meanwhile
    }
  });
}
