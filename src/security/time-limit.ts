import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import { OperationTypeNode } from 'graphql';
import { AppError } from '../errors/app-error.js';
import { liftDeadline, withinDeadline } from '../platform/deadline.js';

/**
 * Ends a request's reads when its seconds are over, or its client has gone: what it still waits for is cancelled in the
 * databases, and its fields are DEADLINE_EXCEEDED; what it has read by then is its answer. A mutation is never ended so
 * ({@link sparingMutations}), nor is what else came in the same request.
 */
export function limitTime(app: FastifyInstance, path: string, seconds: number): void {
  // Behind the body: how long that may take to arrive, the server says.
  app.addHook('preHandler', (request, reply, done) => {
    if (request.routeOptions.url !== path) {
      done();
      return;
    }
    const ending = new AbortController();
    const timer = setTimeout(() => {
      ending.abort(exceeded(`the operation took longer than the ${seconds} s that it may; ask for less, or try again`));
    }, seconds * 1_000);
    reply.raw.once('close', () => {
      clearTimeout(timer);
      ending.abort(exceeded('nobody waits for the answer any more'));
    });
    withinDeadline(ending.signal, done);
  });
}

/** What writes is not cut in the middle: each of its steps has a time limit of its own, and so has what it reads. */
export const sparingMutations: ApolloServerPlugin = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ operation }) => {
        if (operation?.operation === OperationTypeNode.MUTATION) liftDeadline();
        return Promise.resolve();
      },
    }),
};

function exceeded(message: string): AppError {
  return new AppError('DEADLINE_EXCEEDED', message);
}
