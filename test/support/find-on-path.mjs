// @ts-check
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/**
 * Where the first of these programs is on the PATH; null when none is.
 * @param {...string} names
 * @returns {string | null}
 */
export function findOnPath(...names) {
  const { PATH: folders = '' } = process.env;
  const places = folders.split(path.delimiter).flatMap((folder) => names.map((name) => path.join(folder, name)));
  return places.find(isExecutable) ?? null;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
