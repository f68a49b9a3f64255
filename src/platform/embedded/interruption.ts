/**
 * Whether a command that we ran was ended by a terminal's Ctrl-C, which reaches it as it reaches us: that says nothing
 * about whether the command works here.
 */
export function isInterruption(error: unknown): boolean {
  return error instanceof Error && 'signal' in error && (error.signal === 'SIGINT' || error.signal === 'SIGHUP');
}
