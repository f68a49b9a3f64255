/** A TCP link to a database, which can be disturbed and healed, whatever it is made of. */
export interface FaultyLink extends AsyncDisposable {
  /** The same database, through the link. */
  readonly url: string;
  /** Takes every byte and brings none: both sides are alive, and silent. */
  silence(): void | Promise<void>;
  /** Resets the connections that there are, and each new one. */
  reset(): void | Promise<void>;
  /** Passes everything on so many milliseconds late. */
  delay(milliseconds: number): void | Promise<void>;
  /** Lets everything pass again. */
  heal(): void | Promise<void>;
}
