// @ts-check
import { findOnPath } from './find-on-path.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export const NO_BROWSER =
  'No browser: install Chromium or Google Chrome (Debian, Ubuntu: apt install chromium), so that one of ' +
  `${NAMES.join(', ')} is on the PATH, or set CHROMIUM_PATH to one.`;

/**
 * Where a browser is; null when there is none.
 * @returns {string | null}
 */
export function findBrowser() {
  const { CHROMIUM_PATH: chosen = '' } = process.env;
  return chosen === '' ? findOnPath(...NAMES) : chosen;
}
