// @ts-check
import { StepError } from './failure.mjs';

/**
 * @typedef {(fraction: number | undefined, detail?: string) => void} Update
 * @typedef {<T>(title: string, work: (update: Update) => Promise<T>) => Promise<T>} Task
 * @typedef {{ title: string, startedAt: number, fraction: number | undefined, detail: string }} Running
 */

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_WIDTH = 20;
const OUTPUT_LINES = 40;
// Without a terminal a task shows when it ends; one that takes longer also shows that it runs.
const QUIET_MS = 3_000;

const out = process.stdout;
const isLive = out.isTTY && isUnset('CI') && process.env['TERM'] !== 'dumb';
const isColoured = isLive && isUnset('NO_COLOR');

/** @type {Set<Running>} */
const running = new Set();
let drawnLines = 0;
let frame = 0;
/** @type {NodeJS.Timeout | undefined} */
let timer;

/**
 * Runs the work behind a line that ends as `✔ title  1.2 s`; several may run at once. When it fails, the line says so,
 * with what the failed command printed, and the error goes on to the caller.
 * @type {Task}
 */
export async function task(title, work) {
  /** @type {Running} */
  const line = { title, startedAt: performance.now(), fraction: undefined, detail: '' };
  const plainNotice = setTimeout(() => {
    if (!isLive) write(`  ${title} ...\n`);
  }, QUIET_MS).unref();
  start(line);
  try {
    const result = await work((fraction, detail = '') => Object.assign(line, { fraction, detail }));
    finish(line, `${colour(32, '✔')} ${title}  ${seconds(line)}\n`);
    return result;
  } catch (error) {
    finish(line, `${colour(31, '✖')} ${title}  ${seconds(line)}\n${outputOf(error)}`);
    throw error;
  } finally {
    clearTimeout(plainNotice);
  }
}

/** @param {Running} line */
function start(line) {
  running.add(line);
  if (!isLive) return;
  timer ??= setInterval(redraw, 80).unref();
  redraw();
}

/**
 * @param {Running} line
 * @param {string} text
 */
function finish(line, text) {
  running.delete(line);
  write(text);
  if (running.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/**
 * Prints above the lines that still move.
 * @param {string} text
 */
function write(text) {
  out.write(erased() + text + drawn());
}

function redraw() {
  frame += 1;
  out.write(erased() + drawn());
}

function erased() {
  return drawnLines === 0 ? '' : `\u001b[${drawnLines}A\u001b[0J`;
}

function drawn() {
  drawnLines = isLive ? running.size : 0;
  return isLive ? [...running].map((line) => `${live(line)}\n`).join('') : '';
}

/**
 * One line that never wraps: a wrapped one could not be erased again.
 * @param {Running} line
 */
function live({ title, startedAt, fraction, detail }) {
  const width = Math.max((out.columns || 80) - 1, 10);
  const done = Math.round(Math.min(Math.max(fraction ?? 0, 0), 1) * BAR_WIDTH);
  const bar =
    fraction === undefined
      ? ''
      : `  ${'━'.repeat(done)}${'┄'.repeat(BAR_WIDTH - done)} ${Math.round(fraction * 100)} %`;
  const elapsed = seconds({ startedAt });
  const text = `${title}${bar}${detail === '' ? '' : `  ${detail}`}  ${elapsed}`;
  const room = width - 2;
  const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  return `${colour(36, FRAMES[frame % FRAMES.length] ?? '')} ${shown}`;
}

/** @param {{ startedAt: number }} line */
function seconds({ startedAt }) {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}

/** @param {unknown} error */
function outputOf(error) {
  const output = error instanceof StepError ? error.output.trimEnd() : '';
  if (output === '') return '';
  return `${output
    .split('\n')
    .slice(-OUTPUT_LINES)
    .map((line) => `    ${line}`)
    .join('\n')}\n`;
}

/**
 * @param {number} code
 * @param {string} text
 */
function colour(code, text) {
  return isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** @param {string} name */
function isUnset(name) {
  return (process.env[name] ?? '') === '';
}
