/** Something about people's databases that they should know, with what to do about it. */
export interface Finding {
  /** `refused`: the graph cannot work with it. `warning`: it works, and something is worse than it could be. */
  readonly severity: 'refused' | 'warning';
  /** What it is about: `orders.total`. */
  readonly about: string;
  /** What is so, as a sentence without its full stop. */
  readonly problem: string;
  /** What to do, where possible as a command or statement to paste. */
  readonly remedy: string;
}
