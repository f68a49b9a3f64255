import { expect } from 'vitest';
// Not all of the kit: every test file loads this one, and few of them need more.
import { toHaveCost } from '../../src/testing/cost-matcher.js';

expect.extend({ toHaveCost });
