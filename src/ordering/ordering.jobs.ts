import { isAppError, isPassing } from '../errors/app-error.js';
import { idArgument } from '../graph/arguments.js';
import { orders } from '../domains/order/order.source.js';
import { users, type UserId } from '../domains/user/user.source.js';
import { FOLLOW_USER } from '../copies/follow-job.js';
import type { JobHandler } from '../platform/jobs/handler.js';
import { SETTLE_ORDER, SETTLE_USER } from './protocol.js';
import type { Settlement } from './settlement.js';
import type { UserFollowing } from './user-following.js';
import type { UserRemoval } from './user-removal.js';
import { TIMINGS } from '../platform/timings.js';

interface JobScope {
  readonly settlement: Settlement;
  readonly userRemoval: UserRemoval;
  readonly userFollowing: UserFollowing;
}

/** The handlers of the jobs that complete what a call, or a change of a user, has left, each job in a scope of its own. */
export function orderingJobs(newScope: () => JobScope): Readonly<Record<string, JobHandler>> {
  return {
    [SETTLE_ORDER]: async ({ orderId }, attempt) => {
      const id = idArgument(orders, String(orderId), 'orderId');
      const { settlement } = newScope();
      try {
        await settlement.settle(id, performance.now() + TIMINGS.ordering.job);
      } catch (error) {
        // What is tried again in a moment, because its outcome is not known yet, is no failure that people should see.
        if (!isAppError(error, 'OUTCOME_UNKNOWN')) {
          await settlement.noteFailure(id, error, attempt.isLast && !isPassing(error));
        }
        throw error;
      }
    },
    [SETTLE_USER]: async ({ userId }) => {
      const { userRemoval } = newScope();
      await userRemoval.settle(idArgument(users, String(userId), 'userId'), performance.now() + TIMINGS.ordering.job);
    },
    [FOLLOW_USER]: async ({ userId }) => {
      // It may be no ObjectId: who has one is followed, and so is everybody else.
      await newScope().userFollowing.follow(String(userId) as UserId);
    },
  };
}
