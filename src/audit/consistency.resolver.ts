import { Args, Ctx, FieldResolver, Float, Int, Query, Resolver, Root } from '../graph/decorators.js';
import type { ConsistencyReport, InconsistencyList } from './consistency-report.js';
import type { ConsistencyService } from './consistency.service.js';
import {
  ConsistencyReportType,
  InconsistencyListType,
  InconsistencyPageArgs,
  UnprovedType,
} from './consistency.type.js';

interface AuditContext {
  readonly audit: ConsistencyService;
}

@Resolver(() => ConsistencyReportType)
export class ConsistencyResolver {
  @Query(() => ConsistencyReportType, {
    nullable: true,
    description:
      'Whether the two databases agree. Looks at 20,000 rows of each table and collection at most, for some seconds; ' +
      '`npm run audit` looks at all. For admins.',
  })
  consistency(@Ctx() { audit }: AuditContext): ConsistencyReport {
    return audit.report();
  }

  @FieldResolver(() => Boolean, {
    description: 'Whether nothing was found, no job waits for people, and no row may be hidden.',
  })
  isSound(@Root() report: ConsistencyReport): Promise<boolean> {
    return report.isSound();
  }

  @FieldResolver(() => Boolean, { description: 'Whether every row was looked at, and could be judged.' })
  async isComplete(@Root() report: ConsistencyReport): Promise<boolean> {
    return (await report.findings()).isComplete;
  }

  @FieldResolver(() => [UnprovedType], {
    description: 'Why some of it could not be judged; then `isComplete` and `isSound` are false.',
  })
  async unproved(@Root() report: ConsistencyReport): Promise<readonly UnprovedType[]> {
    return (await report.findings()).unproved;
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description: 'So many seconds ago the copies of users were known to be complete; null where nobody knows.',
  })
  async streamLagSeconds(@Root() report: ConsistencyReport): Promise<number | null> {
    return (await report.backlog()).streamLagSeconds;
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description: 'How old the oldest job is that waits to be done, in seconds; 0 where none does.',
  })
  async queueLagSeconds(@Root() report: ConsistencyReport): Promise<number> {
    return (await report.backlog()).queueLagSeconds;
  }

  @FieldResolver(() => Int, { description: 'Jobs that failed too often, and wait for people: `npm run jobs`.' })
  async parkedJobs(@Root() report: ConsistencyReport): Promise<number> {
    return (await report.backlog()).parkedJobs;
  }

  @FieldResolver(() => InconsistencyListType, {
    description: 'Orders whose user is not there, was deleted, or is named by an id that is none.',
  })
  danglingOrders(
    @Root() report: ConsistencyReport,
    @Args(() => InconsistencyPageArgs) page: InconsistencyPageArgs,
  ): Promise<InconsistencyList> {
    return report.list('danglingOrders', page);
  }

  @FieldResolver(() => InconsistencyListType, { description: 'Transactions that name an order that is not there.' })
  orphanTransactions(
    @Root() report: ConsistencyReport,
    @Args(() => InconsistencyPageArgs) page: InconsistencyPageArgs,
  ): Promise<InconsistencyList> {
    return report.list('orphanTransactions', page);
  }

  @FieldResolver(() => InconsistencyListType, {
    description:
      "Transactions with another amount than their order's total, unless all of the order's together have it.",
  })
  wrongAmounts(
    @Root() report: ConsistencyReport,
    @Args(() => InconsistencyPageArgs) page: InconsistencyPageArgs,
  ): Promise<InconsistencyList> {
    return report.list('wrongAmounts', page);
  }

  @FieldResolver(() => InconsistencyListType, {
    description: 'Users whose copy is missing, is not what they are, or stays although they are gone.',
  })
  staleCopies(
    @Root() report: ConsistencyReport,
    @Args(() => InconsistencyPageArgs) page: InconsistencyPageArgs,
  ): Promise<InconsistencyList> {
    return report.list('staleCopies', page);
  }

  @FieldResolver(() => InconsistencyListType, {
    description: 'Users whose copy lacks what another row has, or what cannot be held.',
  })
  conflictingCopies(
    @Root() report: ConsistencyReport,
    @Args(() => InconsistencyPageArgs) page: InconsistencyPageArgs,
  ): Promise<InconsistencyList> {
    return report.list('conflictingCopies', page);
  }

  @FieldResolver(() => InconsistencyListType, {
    description:
      'Orders whose copies of the name and the e-mail address follow the user, and are not what the user has.',
  })
  staleOrderCopies(
    @Root() report: ConsistencyReport,
    @Args(() => InconsistencyPageArgs) page: InconsistencyPageArgs,
  ): Promise<InconsistencyList> {
    return report.list('staleOrderCopies', page);
  }

  @FieldResolver(() => InconsistencyListType, {
    description:
      'Orders and transactions whose partner is there, and whose reference holds more than the id: quotes, blanks, ' +
      '`ObjectId(...)`. `npm run audit` prints the statements that mend them. They are never deleted.',
  })
  wrappedReferences(
    @Root() report: ConsistencyReport,
    @Args(() => InconsistencyPageArgs) page: InconsistencyPageArgs,
  ): Promise<InconsistencyList> {
    return report.list('wrappedReferences', page);
  }

  @FieldResolver(() => InconsistencyListType, {
    description:
      'Orders and transactions whose partner is there, under a key of a type by which the graph joins nothing, such as an ' +
      '`_id` that is no ObjectId. They are never deleted.',
  })
  otherTypeReferences(
    @Root() report: ConsistencyReport,
    @Args(() => InconsistencyPageArgs) page: InconsistencyPageArgs,
  ): Promise<InconsistencyList> {
    return report.list('otherTypeReferences', page);
  }
}
