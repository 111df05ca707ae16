// The command lines that list, limit, disable and destroy objects, as requests.
import { describe, expect, it } from 'vitest';
import { readCommandLine } from '#as-service/cli/command-line.ts';

const requestOf = (text: string): unknown => {
  const line = readCommandLine(text.split(' '));
  return 'request' in line ? line.request : undefined;
};

describe('a command for an object becomes a request', () => {
  it.each<[string, object]>([
    ['key list', { command: 'key list', set: null }],
    ['key list BA7C --json', { command: 'key list', set: 0xba7c, json: true }],
    ['key disable BA7C 103', { command: 'key disable', set: 0xba7c, ref1: 0x103 }],
    ['key enable BA7C 103', { command: 'key enable', set: 0xba7c, ref1: 0x103 }],
    ['key destroy BA7C 103', { command: 'key destroy', set: 0xba7c, ref1: 0x103, confirmation: null }],
    ['key destroy BA7C 103 --yes', { command: 'key destroy', set: 0xba7c, ref1: 0x103, confirmation: true }],
  ])('%s', (text, request) => {
    expect(requestOf(text)).toEqual(request);
  });
});
