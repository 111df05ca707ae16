// The flags of `npm run device`, and the text that it prints.
import { describe, expect, it } from 'vitest';
import { readCommandLine, UsageError } from '#device-host/command-line.ts';
import { attachLines, cardEventText, gadgetEventText, slotLines } from '#device-host/event-text.ts';
import { fromHex } from '#protocol/bytes/hex.ts';

const read = (...args: string[]) => {
  const config = readCommandLine(args);
  if (config === 'help') throw new Error('help');
  return config;
};

describe('the flags', () => {
  it('default to a unit of the first demo set on both links', () => {
    expect(read()).toMatchObject({
      port: 3240,
      readerLevel: undefined,
      description: { set: 0xde30_0001, link: 'both' },
    });
  });

  it('set the unit, its faults and its class', () => {
    const config = read('--sn', 'AB', '--set', 'de300002', '--reader', 'tpdu', '--fault', '{"fault":"silence"}');
    expect(config).toMatchObject({
      readerLevel: 'tpdu',
      description: { sn: 'AB', set: 0xde30_0002, link: 'usb', protectedClass: true, faults: [{ fault: 'silence' }] },
    });
  });

  it.each([
    [['--reader', 'x']],
    [['--packet', '8']],
    [['--port', '99999']],
    [['--fault', '{']],
    [['--fault', '{}']],
    [['--faults', '/nowhere']],
    [['--set', 'xyz']],
    [['--profile', 'none']],
    [['--nonsense']],
  ])('are refused with a message if invalid: %s', (args) => {
    expect(() => readCommandLine(args)).toThrow(UsageError);
  });

  it('include --help', () => {
    expect(readCommandLine(['--help'])).toBe('help');
  });
});

describe('the printed text', () => {
  it('starts with the command that attaches the unit, even on another port', () => {
    expect(attachLines('127.0.0.1', 3240, '1-1')).toEqual([
      'USB/IP on 127.0.0.1:3240, bus id 1-1',
      'attach: sudo modprobe vhci-hcd && sudo usbip attach -r 127.0.0.1 -b 1-1',
    ]);
    expect(attachLines('127.0.0.1', 3241, '1-1')[1]).toContain('usbip --tcp-port 3241 attach -r');
  });

  it('names commands and status words, and never shows command data or response data', () => {
    const apdu = fromHex(`80D80000E4${'5A'.repeat(228)}`);
    expect(cardEventText({ event: 'command', link: 'usb', apdu })).toBe('usb: IMPORTKEY (233 bytes)');
    expect(cardEventText({ event: 'response', link: 'usb', apdu: fromHex('5A5A6988') })).toMatch(
      /^usb: {3}6988 .+\(2 bytes\)$/,
    );
    expect(cardEventText({ event: 'power', link: 'usb', on: true })).toBe('usb: card power on');
  });

  it('shows the signals of the serial line', () => {
    const signals = { dataTerminalReady: true, requestToSend: false };
    expect(gadgetEventText({ event: 'signals', signals })).toBe('serial line: DTR 1, RTS 0');
  });

  it('shows the KCV of the key in each slot', () => {
    const slot = { ref2: 1, holdsKey: true, akv: 3, attributes: 'D0AB00N', kcv: '961371BD6C' };
    const digest = { holdsTransportKey: true, set: 1, tkv: 1, tries: 64, importCounter: 1, writes: 9 };
    expect(slotLines({ ...digest, slots: [slot] })).toEqual([
      'slot 0001: D0AB00N, version 3, KCV 961371BD6C',
      'imports: 1, tries left: 64',
    ]);
  });
});
