import { AppError } from '../errors/app-error.js';

/** Findings tell of people's data, and repairing deletes some of it. @throws {AppError} FORBIDDEN */
export function refuseInProduction(production: boolean): void {
  if (!production) return;
  throw new AppError(
    'FORBIDDEN',
    'in production nobody may do this over the network, for nobody is identified yet; run "npm run audit" and ' +
      '"npm run repair" beside the gateway',
  );
}
