// @ts-check
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export const NO_BROWSER =
  'No browser: install Chromium or Google Chrome (Debian, Ubuntu: apt install chromium), so that one of ' +
  `${NAMES.join(', ')} is on the PATH, or set CHROMIUM_PATH to one.`;

/**
 * Where a browser is; null when there is none.
 * @returns {string | null}
 */
export function findBrowser() {
  const { CHROMIUM_PATH: chosen = '', PATH: folders = '' } = process.env;
  if (chosen !== '') return chosen;
  const places = folders.split(path.delimiter).flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
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
