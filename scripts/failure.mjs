// @ts-check

/** A step of a script that failed: what happened, what the failed command printed, and what to do about it. */
export class StepError extends Error {
  /**
   * @param {string} message
   * @param {{ output?: string, remedy?: string, cause?: unknown }} [details]
   */
  constructor(message, { output = '', remedy = '', cause } = {}) {
    super(message, { cause });
    this.name = 'StepError';
    this.code = 'STEP_FAILED';
    this.output = output;
    this.remedy = remedy;
  }
}

/**
 * Tells a person why the script ends. An error made for people (a StepError, a ConfigError, one with a code) speaks
 * for itself; only an unforeseen one shows its stack.
 * @param {unknown} error
 */
export function printFailure(error) {
  const isForPeople =
    error instanceof Error && (error.name === 'ConfigError' || ('code' in error && typeof error.code === 'string'));
  const text = isForPeople ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`\n${text}\n`);
  if (error instanceof StepError && error.remedy !== '') process.stderr.write(`${error.remedy}\n`);
}
