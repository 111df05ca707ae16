// The command lines that list, limit, disable and destroy objects, as requests.
import { describe, expect, it } from 'vitest';
import { readCommandLine } from '#as-service/cli/command-line.ts';

const requestOf = (text: string): unknown => {
  const line = readCommandLine(text.split(' '));
  return 'request' in line ? line.request : undefined;
};

describe('a command for an object becomes a request', () => {
  it.each<[string, object]>([
    ['operator list', { command: 'operator list' }],
    ['operator code maria', { command: 'operator code', name: 'maria', hours: 8 }],
    ['operator code maria --hours 2', { command: 'operator code', name: 'maria', hours: 2 }],
    ['operator revoke maria', { command: 'operator revoke', name: 'maria' }],
    ['key list', { command: 'key list', set: null }],
    ['key list BA7C --json', { command: 'key list', set: 0xba7c, json: true }],
    ['key disable BA7C 103', { command: 'key disable', set: 0xba7c, ref1: 0x103 }],
    ['key enable BA7C 103', { command: 'key enable', set: 0xba7c, ref1: 0x103 }],
    ['key destroy BA7C 103', { command: 'key destroy', set: 0xba7c, ref1: 0x103, confirmation: null }],
    ['key destroy BA7C 103 --yes', { command: 'key destroy', set: 0xba7c, ref1: 0x103, confirmation: true }],
    ['operator list --json', { command: 'operator list', json: true }],
    ['operator limit maria', { command: 'operator limit', name: 'maria', limits: {} }],
    [
      'operator limit maria --role auditor --set BA7C --set 1 --quota 5 --orders-only yes',
      {
        ...{ command: 'operator limit', name: 'maria' },
        limits: { role: 'auditor', sets: [0xba7c, 1], quota: 5, ordersOnly: true },
      },
    ],
    [
      'operator limit maria --set all --quota none --orders-only no',
      { command: 'operator limit', name: 'maria', limits: { sets: null, quota: null, ordersOnly: false } },
    ],
    ['operator disable maria', { command: 'operator disable', name: 'maria' }],
    ['operator enable maria', { command: 'operator enable', name: 'maria' }],
    ['set list --json', { command: 'set list', json: true }],
    ['order list --json', { command: 'order list', json: true }],
    ['vault list --json', { command: 'vault list', json: true }],
    ['set limit BA7C --quota-per-unit 3', { command: 'set limit', set: 0xba7c, quotaPerUnit: 3 }],
    ['set limit BA7C --quota-per-unit none', { command: 'set limit', set: 0xba7c, quotaPerUnit: null }],
    ['set destroy BA7C', { command: 'set destroy', set: 0xba7c, confirmation: null }],
    ['set destroy BA7C --yes', { command: 'set destroy', set: 0xba7c, confirmation: true }],
  ])('%s', (text, request) => {
    expect(requestOf(text)).toEqual(request);
  });
});
