// The links of the page with a simulated AS token card and a simulated unit, behind simulated USB
// and Serial.
import { describe, expect, it } from 'vitest';
import { Permissions } from '#device-sim/browser/permissions.ts';
import { SimulatedSerial } from '#device-sim/browser/serial.ts';
import { SimulatedUsb } from '#device-sim/browser/usb.ts';
import { Control } from '#device-sim/setup/control.ts';
import type { TokenDescription } from '#device-sim/setup/token-description.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import type { MemoryImage } from '#device-sim/unit/memory.ts';
import { UnitRegistry } from '#device-sim/unit/unit-registry.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { type AttachedUnit, attach } from '#protocol/provisioning/attached-unit.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision } from '#protocol/provisioning/provision.ts';
import { countingRandom } from '#test/support/units.ts';
import { TokenCard } from '#web/as-client/token-card.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';
import { Links, type LinksOptions } from '#web/transport/links.ts';

const INSTANT = { data: 0, pin: 0, exportKey: 0, verifyReceipt: 0 };
const UNIT_SN = '0E1A';
const TOKEN_SN = 'A5';
const REQUEST: LoadRequest = { ref1: 0x0101, ref2: 2, suites: [0x01], sign: false, idempotencyKey: 'A'.repeat(22) };

function setUp(link: LinkKind, token: Partial<TokenDescription> = {}, images: Record<string, MemoryImage> = {}) {
  const clock = new VirtualClock();
  const registry = new UnitRegistry();
  const written: Record<string, MemoryImage> = {};
  const onWrite = (sn: string, image: MemoryImage) => {
    written[sn] = image;
  };
  const random = countingRandom();
  const control = new Control({ registry, clock, random, choose: async () => undefined, images, onWrite });
  const browser = { clock, choose: control.choose, hasUserGesture: () => true, eventDelay: 60 };
  const usb = new SimulatedUsb(registry, new Permissions(), browser);
  const serial = new SimulatedSerial(registry, new Permissions(), browser);
  control.addToken({ sn: TOKEN_SN, set: 0xde300002, link, latency: INSTANT, ...token });
  const latency = { identity: 0, challenge: 0, importKey: 0 };
  control.add({ sn: UNIT_SN, set: 0xde300002, link: 'both', latency });
  const timer: LinksOptions['timer'] = (ms, callback) => clock.after(ms, callback);
  const options: LinksOptions = {
    usb,
    serial,
    platform: 'linux',
    profiles: () => PROFILES,
    timer,
    now: () => clock.now(),
  };
  return {
    control,
    written,
    units: new Links(options),
    tokens: new Links({ ...options, role: 'token' }),
    soon: <T>(promise: Promise<T>) => settle(clock, promise),
  };
}

type Setup = ReturnType<typeof setUp>;

async function settle<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const markSettled = (): void => {
    isSettled = true;
  };
  promise.then(markSettled, markSettled);
  for (let waited = 0; !isSettled && waited < 60_000; waited += 10) await clock.advance(10);
  return await promise;
}

async function openToken({ control, tokens, soon }: Setup, link: LinkKind) {
  control.nextChoice(TOKEN_SN);
  const chosen = await soon(link === 'usb' ? tokens.chooseUsb() : tokens.chooseSerial());
  if (chosen === undefined) throw new Error('the token was not offered');
  const open = await soon(chosen.open());
  return { chosen, open, token: await soon(TokenCard.attach(open.transmit, () => new Date())) };
}

async function openUnit({ control, units, soon }: Setup): Promise<AttachedUnit> {
  control.nextChoice(UNIT_SN);
  const chosen = await soon(units.chooseUsb());
  if (chosen === undefined) throw new Error('the unit was not offered');
  const { transmit } = await soon(chosen.open());
  return await soon(attach(transmit));
}

async function load(source: TokenCard, device: AttachedUnit): Promise<string | undefined> {
  let last: string | undefined;
  for await (const { step } of provision(source, device, REQUEST)) last = step;
  return last;
}

describe.each(['usb', 'serial'] as const)('a token on %s', (link) => {
  it('exports a key to a unit', async () => {
    const setup = setUp(link);
    const { token, chosen } = await openToken(setup, link);
    expect([chosen.label, chosen.usb]).toEqual([
      link === 'usb' ? 'Keyferry AS token (simulated)' : 'Serial port, USB 1209:0002',
      { vendorId: 0x1209, productId: 0x0002 },
    ]);
    await setup.soon(token.verifyPin(ascii('123456')));
    expect(await setup.soon(load(token, await openUnit(setup)))).toBe('verified');
    expect(setup.control.token(TOKEN_SN)).toMatchObject({ xc: 1, quotaLeft: 99, receipts: 1, pinTries: 3 });
    expect(setup.control.memory(UNIT_SN).slots.find(({ ref2 }) => ref2 === 2)?.holdsKey).toBe(true);
  });

  it('is never listed as a unit, nor a unit as a token', async () => {
    const setup = setUp(link);
    setup.control.nextChoice(TOKEN_SN);
    const unit = setup.soon(link === 'usb' ? setup.units.chooseUsb() : setup.units.chooseSerial());
    // The chooser lists every serial port, because the ids of an adapter do not identify the unit.
    // Therefore the page refuses the port after the choice.
    if (link === 'usb') expect(await unit).toBeUndefined();
    else await expect(unit).rejects.toMatchObject({ code: 'no-interface' });
    setup.control.nextChoice(UNIT_SN);
    expect(await setup.soon(link === 'usb' ? setup.tokens.chooseUsb() : setup.tokens.chooseSerial())).toBeUndefined();
    await openToken(setup, link);
    expect(await setup.soon(setup.units.remembered())).toEqual([]);
  });

  it('is locked after an unplug during an export, and has counted this export at most once', async () => {
    const setup = setUp(link);
    const { token, open } = await openToken(setup, link);
    await setup.soon(token.verifyPin(ascii('123456')));
    const device = await openUnit(setup);
    setup.control.fault(TOKEN_SN, { fault: 'unplug', direction: 'in', after: 40, link });
    await setup.soon(expect(load(token, device)).rejects.toMatchObject({ code: 'token-lost' }));
    await setup.soon(open.close());
    expect(setup.control.token(TOKEN_SN)).toMatchObject({ xc: 1, quotaLeft: 99, receipts: 0 });

    setup.control.plug(TOKEN_SN);
    const again = await openToken(setup, link);
    expect(await setup.soon(again.token.pinState())).toEqual({ is: 'locked', triesLeft: 3 });
    await setup.soon(expect(load(again.token, device)).rejects.toMatchObject({ code: 'token-locked' }));
    await setup.soon(again.token.verifyPin(ascii('123456')));
    expect(await setup.soon(load(again.token, device))).toBe('verified');
    expect(setup.control.token(TOKEN_SN)).toMatchObject({ xc: 2, quotaLeft: 98, receipts: 1 });
  });

  it('keeps its tries and its quota when the page is reloaded', async () => {
    const setup = setUp(link, { quota: 2 });
    const { token } = await openToken(setup, link);
    await setup.soon(token.verifyPin(ascii('123456')));
    await setup.soon(load(token, await openUnit(setup)));
    await setup.soon(expect(token.verifyPin(ascii('0000'))).rejects.toMatchObject({ triesLeft: 2 }));
    const reloaded = setUp(link, { quota: 2 }, setup.written);
    const { token: after } = await openToken(reloaded, link);
    expect(after.data).toMatchObject({ xc: 1, quotaLeft: 1 });
    expect(await reloaded.soon(after.pinState())).toEqual({ is: 'locked', triesLeft: 2 });
  });
});

it('lists units and tokens by kind, each with its own digest', () => {
  const { control } = setUp('usb');
  expect(control.units().map(({ sn, kind }) => [sn.slice(-4), kind])).toEqual([
    ['00A5', 'as'],
    ['0E1A', 'ei'],
  ]);
  expect(() => control.memory(TOKEN_SN)).toThrow(RangeError);
  expect(() => control.token(UNIT_SN)).toThrow(RangeError);
  expect(control.holds(TOKEN_SN, Buffer.from('KEYFERRY-PUBLIC-DEMO-D-NO-SECRET').toString('hex'))).toBe(true);
});

it('requires T for a set that is not a demo set', () => {
  const { control } = setUp('usb');
  expect(() => control.addToken({ sn: 'A6', set: 0x0000ba7c })).toThrow(RangeError);
  const key = '00112233445566778899AABBCCDDEEFF'.repeat(2);
  control.addToken({ sn: 'A6', set: 0x0000ba7c, transportKeys: [{ tkv: 3, key }], units: ['1'], signingKey: key });
  expect(control.token('A6')).toMatchObject({ xc: 0, quotaLeft: 100 });
});
