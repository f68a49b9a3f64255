import { expect, test } from 'vitest';
import { checkNode } from '../../scripts/node-version.mjs';

test.each(['20.19.0', '20.20.2', '22.12.0', '22.23.3', '24.0.0', '25.1.0', '26.10.0'])(
  'Node %s is taken',
  (version) => {
    expect(() => {
      checkNode(version);
    }).not.toThrow();
  },
);

test.each(['16.20.2', '18.20.8', '20.18.3', '21.7.3', '22.11.0', '23.11.1'])('Node %s is refused', (version) => {
  expect(() => {
    checkNode(version);
  }).toThrow(`Tandem needs Node 20.19, 22.12 or 24, or later in these lines; this is ${version}.`);
});
