import { Arg, Ctx, ID, Mutation, Resolver } from '../graph/decorators.js';
import type { Written } from '../graph/written-payload.js';
import { AppError, notFound } from '../errors/app-error.js';
import {
  CreateOrderInput,
  CreateOrderPayload,
  DeleteOrderPayload,
  UpdateOrderInput,
  UpdateOrderPayload,
} from './ordering.input.js';
import type { CreateOrderOutcome, DeleteOrderOutcome, OrderService, UpdateOrderOutcome } from './ordering.service.js';

interface OrderingContext {
  readonly ordering: OrderService;
}

@Resolver()
export class OrderingResolver {
  @Mutation(() => CreateOrderPayload, {
    description:
      "Creates an order of a user who exists, with copies of the user's name and e-mail address, and where it is asked " +
      'for with a transaction in MongoDB.',
  })
  async createOrder(
    @Arg('input', () => CreateOrderInput, { description: 'The order to create.' }) input: CreateOrderInput,
    @Ctx() { ordering }: OrderingContext,
  ): Promise<Written<CreateOrderPayload>> {
    return createdOrder(await ordering.createOrder(input));
  }

  @Mutation(() => UpdateOrderPayload, {
    description: "Changes an order's total or number. The amount of its transaction follows its total.",
  })
  async updateOrder(
    @Arg('id', () => ID, { description: "The order's id." }) id: string,
    @Arg('input', () => UpdateOrderInput, { description: 'What to change.' }) input: UpdateOrderInput,
    @Ctx() { ordering }: OrderingContext,
  ): Promise<Written<UpdateOrderPayload>> {
    return updatedOrder(await ordering.updateOrder(id, input));
  }

  @Mutation(() => DeleteOrderPayload, { description: 'Deletes an order and its transactions: both or neither.' })
  async deleteOrder(
    @Arg('id', () => ID, { description: "The order's id." }) id: string,
    @Ctx() { ordering }: OrderingContext,
  ): Promise<Written<DeleteOrderPayload>> {
    return deletedOrder(await ordering.deleteOrder(id));
  }
}

function updatedOrder(outcome: UpdateOrderOutcome): Written<UpdateOrderPayload> {
  switch (outcome.kind) {
    case 'updated':
      return { order: outcome.order };
    case 'orderNotFound':
      return notFound('order', outcome.orderId);
    case 'changedMeanwhile':
      throw new AppError(
        'CONFLICT',
        'the order was changed since it was read; read it again, then decide; nothing was changed',
        { field: 'input.expectedUpdatedAt' },
      );
  }
}

function deletedOrder(outcome: DeleteOrderOutcome): Written<DeleteOrderPayload> {
  switch (outcome.kind) {
    case 'deleted':
      return { order: outcome.order };
    case 'orderNotFound':
      return notFound('order', outcome.orderId);
    case 'transactionsKept':
      if (outcome.because.code === 'MONGO_UNAVAILABLE') throw outcome.because;
      throw new AppError(
        'TRANSACTION_FAILED',
        `the order's transactions could not be deleted, so it stays as it was (${outcome.because.message})`,
        { cause: outcome.because, details: { compensated: true } },
      );
    case 'pending':
      throw new AppError(
        'OUTCOME_PENDING',
        'the order is being deleted: it, and its transactions, will be gone as soon as both databases answer',
      );
    case 'unknown':
      throw new AppError(
        'OUTCOME_UNKNOWN',
        'the connection broke before it was known whether the order is being deleted; make the same call again',
      );
  }
}

/** The outcome as a client sees it: the payload, or the error that says why there is none. */
function createdOrder(outcome: CreateOrderOutcome): Written<CreateOrderPayload> {
  switch (outcome.kind) {
    case 'created':
      return { order: outcome.order, transaction: outcome.transaction };
    case 'userNotFound':
      throw new AppError('USER_NOT_FOUND', `no user has the id "${outcome.userId}"; nothing was written`, {
        field: 'input.userId',
      });
    case 'userUnverifiable':
      throw new AppError(
        'USER_UNVERIFIABLE',
        `whether user "${outcome.userId}" exists cannot be checked now; nothing was written, try again later`,
      );
    case 'orderNumberTaken':
      throw new AppError(
        'ORDER_NUMBER_TAKEN',
        `another order has the number "${outcome.orderNumber}"; take another, or leave it out to have one generated`,
        { field: 'input.orderNumber' },
      );
    case 'writeRefused':
      throw new AppError('WRITE_REFUSED', outcome.message);
    case 'transactionFailed':
      throw new AppError(
        'TRANSACTION_FAILED',
        `the transaction could not be recorded, and the order was taken back: nothing is left of either (${outcome.reason})`,
        { details: { compensated: true } },
      );
    case 'pending': {
      const { idempotencyKey } = outcome;
      throw new AppError(
        'OUTCOME_PENDING',
        `what becomes of the order is not known yet; repeat the call with the idempotencyKey "${idempotencyKey}" to learn it`,
        { details: { idempotencyKey } },
      );
    }
  }
}
