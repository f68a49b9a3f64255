/**
 * How long things take, wait and rest: every duration that decides what happens while a database or a process is away,
 * in milliseconds. Code reads a duration when it needs it, so that a test can shorten it with `setTimings`. No setting
 * of an operator changes them: the numbers belong together (a lease is longer than a command, a patience than a pause).
 */
export const TIMINGS = {
  /** PostgreSQL, through the pool. */
  postgres: {
    /** How long opening a connection may take. */
    connect: 2_000,
    /** How long a statement may take. */
    statement: 10_000,
    /** How long a caller waits for a connection while others use all of them: a burst is no outage. */
    poolWait: 5_000,
    /** How long a request to cancel a statement may take. */
    cancel: 1_000,
    /** How long PostgreSQL is asked what became of a commit that it did not answer. */
    commitStatus: 2_000,
  },
  /** MongoDB, through the driver. */
  mongo: {
    /** How long finding a server may take. */
    selection: 1_000,
    /** How long opening a connection may take. */
    connect: 3_000,
    /** How long a command may take. */
    command: 10_000,
    /** How long a caller waits for a connection while others use all of them. */
    poolWait: 2_000,
    /** How often the driver looks at a server: it notices a frozen one within this and `connect`. */
    heartbeat: 2_000,
  },
  /** Writes to both databases. */
  ordering: {
    /** How long one process has an order to itself: after its death, others wait for so long. */
    lease: 3_000,
    /** After how long a worker completes what a call has left. */
    recovery: 3_000,
    /** How long a call tries to reach an end in MongoDB before it answers OUTCOME_PENDING. */
    call: 5_000,
    /** How long a change of an order waits for the amount of its transaction. */
    amount: 1_500,
    /** After how long a worker brings an amount that a change has left. */
    amountRecovery: 2_000,
    /** How old an order may be to be completed; an older one is taken back, since no client waits for it any more. */
    forward: 60_000,
    /** How long one attempt of a job tries before it leaves the rest to the next attempt. */
    job: 1_000,
  },
  /** A worker at its jobs. */
  worker: {
    /** How often it looks for jobs that have become due. */
    poll: 1_000,
    /** How long stopping waits for jobs under way. */
    shutdown: 5_000,
    /** How often it removes what is not needed any more. */
    housekeeping: 60_000,
    /** How long a worker that has failed as a whole rests before it begins again. */
    rest: 1_000,
    /**
     * For how long asking for jobs may only fail before a worker begins again. The library keeps the answer to its first
     * question (the tasks' numbers): where that was a failure, it repeats that failure for ever.
     */
    fruitless: 2_000,
  },
  /** The signs of life that workers give each other. */
  presence: {
    /** How often a worker says that it lives, and looks for those that do not. */
    interval: 2_000,
    /** After how long without a sign a worker that still holds its lock counts as frozen: others get its jobs. */
    frozen: 30_000,
    /** How long opening a connection may take. */
    connect: 2_000,
    /** How long PostgreSQL may take for a statement. */
    statement: 10_000,
    /** How long PostgreSQL may wait for a lock. */
    lock: 5_000,
  },
  /** The process that copies users, and those that wait to take over from it. */
  leadership: {
    /** How often the leader shows that it lives, and the others try for its lock. */
    interval: 1_000,
    /** After how long without a word PostgreSQL ends the leader's session: its process is frozen. Whole seconds. */
    silence: 6_000,
    /** How long PostgreSQL may take for a statement. */
    statement: 20_000,
    /** How long PostgreSQL may wait for a lock. */
    lock: 10_000,
  },
  /** The change stream that keeps the copy of users. */
  userSync: {
    /** How long an idle stream waits for a change. */
    wait: 1_000,
    /** How often an idle stream notes how far it is. */
    checkpoint: 1_000,
    /** How often the leader looks again at users whose value another row has. */
    conflicts: 30_000,
    /** How long the leader waits for a snapshot that is as late as the changes: a server may be a moment behind. */
    snapshot: 10_000,
    /** How long the leader rests after a first failure; each further rest is twice as long. */
    firstRest: 500,
    /** How long the leader rests at most. */
    longestRest: 30_000,
    /** After how long a failure is not one that passes by itself. */
    lasting: 5_000,
    /** How often MongoDB is asked how late it is. */
    freshness: 500,
    /** How long a `getMore` may take. */
    answer: 10_000,
    /** How long MongoDB may take to look through its history before it gives the first change. */
    catchUp: 300_000,
    /** How long one `getMore` waits while the stream looks for the last change that the copy has seen. */
    historyWait: 500,
    /** How long the stream looks for that change at most. */
    history: 20_000,
  },
  /** `npm run sync`. */
  syncCommand: {
    /** How often it looks at the progress. */
    interval: 250,
    /** How long something may keep users from being copied before the command gives up. */
    patience: 10_000,
    /** How long nothing may happen without a reason: MongoDB may look through its history before it says where it is. */
    silence: 330_000,
    /** How long it waits for a complete copy to say how late it is: some routers never do. */
    freshness: 5_000,
  },
  /** Readers of the copy of users. */
  copies: {
    /** How long a request with a consistency token waits for the copy. */
    token: 1_000,
    /** How often it looks. */
    tokenPause: 40,
    /** After how long without a word from its leader the copy is one that nobody keeps. */
    silence: 10_000,
  },
  /** The audit, which looks at each finding twice. */
  audit: {
    /** How long a finding rests before it is looked at again: longer than what lies between two commits of one write. */
    pause: 250,
    /** How long the audit waits for the change stream to pass a finding. */
    patience: 5_000,
    /** How long it does so for a client of the graph. */
    clientPatience: 2_000,
    /** How long a client's `consistency` looks at rows. */
    client: 5_000,
    /** How long a client's `repair` goes on. */
    clientRepair: 10_000,
  },
  /** Tokens of an identity provider. */
  tokens: {
    /** How long fetching the provider's keys may take. */
    provider: 3_000,
    /** How long the provider is left alone after a fetch. */
    cooldown: 1_000,
  },
  /** The feature `circuit-breaker`: how long a database that does not answer is not asked. */
  circuitBreaker: { rest: 5_000 },
};

/** A part of {@link TIMINGS}. */
export type TimingChanges = { readonly [Group in keyof typeof TIMINGS]?: Partial<(typeof TIMINGS)[Group]> };

/**
 * Changes durations for a test, from the next time that they are read.
 *
 * @returns a function that puts back what was there before
 */
export function setTimings(changes: TimingChanges): () => void {
  const before = structuredClone(TIMINGS);
  assign(changes);
  return () => {
    assign(before);
  };
}

function assign(changes: TimingChanges): void {
  for (const [group, durations] of Object.entries(changes))
    Object.assign(TIMINGS[group as keyof typeof TIMINGS], durations);
}
