/** How far a step is, from 0 to 1 where that is known, and what it does just now. */
export type Progress = (fraction: number | undefined, detail?: string) => void;

/** Runs a piece of work and tells people how it goes. */
export type Task = <T>(title: string, work: (update: Progress) => Promise<T>) => Promise<T>;

/** Runs it and says nothing: with `--json`, standard output belongs to a program. */
export const inSilence: Task = (_title, work) => work(() => undefined);

/** What the commands get from whoever runs them. */
export interface CommandOptions {
  readonly task: Task;
  /** The words after the command's name. */
  readonly argv: readonly string[];
}
