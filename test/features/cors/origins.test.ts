import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/config.js';
import { checkedOrigins } from '../../../src/features/cors/origins.js';

function refusal(origins: readonly string[] | null): string {
  try {
    checkedOrigins(origins);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('origins are taken exactly as a browser sends them', () => {
  const origins = [
    'http://localhost:5173',
    'https://shop.example.com',
    'http://[::1]:8080',
    'https://xn--bcher-kva.example',
  ];
  expect([...checkedOrigins(origins)]).toEqual(origins);
});

test.each([
  ['http://localhost:5173/', 'http://localhost:5173'],
  ['http://localhost:5173/app?x=1', 'http://localhost:5173'],
  ['https://shop.example.com:443', 'https://shop.example.com'],
  ['HTTPS://Shop.Example.com', 'https://shop.example.com'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['localhost:5173', 'http://localhost:5173'],
  ['shop.example.com', 'http://shop.example.com, or https'],
])('%s is refused, and what would be right is said: %s', (text, right) => {
  const message = refusal([text]);
  expect(message).toMatch(/CORS_ORIGINS takes /);
  expect(message.endsWith(`: ${right}`) || message.endsWith(`: ${right}, or https`)).toBe(true);
});

test.each(['*', 'https://*.example.com', 'null', 'file:///home', 'ftp://example.com', 'http://', 'a b'])(
  '%s is refused',
  (text) => {
    expect(refusal([text])).toMatch(/CORS_ORIGINS takes .*such as http:\/\/localhost:5173/);
  },
);

test('a password in an address is not repeated', () => {
  expect(refusal(['https://ada:hunter2@shop.example.com'])).not.toContain('hunter2');
});

test('every wrong origin is named at once', () => {
  const message = refusal(['http://a.example/x', 'http://fine.example', 'http://b.example/y']);
  expect(message.match(/CORS_ORIGINS/g)).toHaveLength(2);
});

test('FEATURES=cors alone is refused: it needs the setting', () => {
  expect(refusal(null)).toMatch(/CORS_ORIGINS takes origins/);
  expect(refusal([])).toMatch(/CORS_ORIGINS takes origins/);
});
