import { afterAll, beforeAll, describe } from 'vitest';
import { findToxiproxy, NO_TOXIPROXY, Toxiproxy } from '../support/toxiproxy.js';
import { testLinkFaults } from './link-faults.js';

const command = findToxiproxy();
if (command === null) process.stderr.write(`Skipped: ${NO_TOXIPROXY}\n`);

// The same by somebody else's hand: what our own links do to a connection is what we think that networks do.
describe.skipIf(command === null)(`through toxiproxy${command === null ? `: ${NO_TOXIPROXY}` : ''}`, () => {
  let toxiproxy: Toxiproxy;
  beforeAll(async () => {
    toxiproxy = await Toxiproxy.start(command ?? '');
  });
  afterAll(() => toxiproxy[Symbol.asyncDispose]());

  testLinkFaults((url) => toxiproxy.linkTo(url));
});
