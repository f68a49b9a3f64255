import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { checkPort, PortError } from '../../src/cli/port.js';

test('a port that is taken is a PortError that names PORT', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const checked = checkPort('127.0.0.1', (taken.address() as AddressInfo).port);
  await expect(checked).rejects.toThrow(PortError);
  await expect(checked).rejects.toThrow(/PORT/);
  taken.close();
});
