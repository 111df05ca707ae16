// A simulated AS token plugged in behind the browser's two doors, with the product's links in front of it, next to a unit.
import { describe, expect, it } from 'vitest';
import { Fleet, Permissions } from '#device-sim/browser/fleet.ts';
import { SimulatedSerial } from '#device-sim/browser/serial.ts';
import { SimulatedUsb } from '#device-sim/browser/usb.ts';
import { Control } from '#device-sim/setup/control.ts';
import type { TokenDescription } from '#device-sim/setup/token-description.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import type { MemoryImage } from '#device-sim/unit/memory.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { type AttachedUnit, attach } from '#protocol/provisioning/attached-unit.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision } from '#protocol/provisioning/provision.ts';
import { countingRandom } from '#test/support/units.ts';
import { TokenCard } from '#web/as-client/token-card.ts';
import { Links, type LinksOptions } from '#web/transport/links.ts';
import { PROFILES } from '#web/transport/profiles.ts';

const INSTANT = { data: 0, pin: 0, exportKey: 0, verifyReceipt: 0 };
const UNIT_SN = '0E1A';
const TOKEN_SN = 'A5';
const ORDER: LoadRequest = { ref1: 0x0101, ref2: 2, suites: [0x01], sign: false, idempotencyKey: 'A'.repeat(22) };

function desk(link: LinkKind, token: Partial<TokenDescription> = {}, images: Record<string, MemoryImage> = {}) {
  const clock = new VirtualClock();
  const fleet = new Fleet();
  const written: Record<string, MemoryImage> = {};
  const onWrite = (sn: string, image: MemoryImage) => {
    written[sn] = image;
  };
  const random = countingRandom();
  const control = new Control({ fleet, clock, random, choose: async () => undefined, images, onWrite });
  const surroundings = { clock, choose: control.choose, hasUserGesture: () => true, eventDelay: 60 };
  const usb = new SimulatedUsb(fleet, new Permissions(), surroundings);
  const serial = new SimulatedSerial(fleet, new Permissions(), surroundings);
  control.addToken({ sn: TOKEN_SN, set: 0xde300002, link, latency: INSTANT, ...token });
  const latency = { identity: 0, challenge: 0, importKey: 0 };
  control.add({ sn: UNIT_SN, set: 0xde300002, link: 'both', latency });
  const timer: LinksOptions['timer'] = (ms, callback) => clock.after(ms, callback);
  const options: LinksOptions = { usb, serial, platform: 'linux', profiles: PROFILES, timer, now: () => clock.now() };
  return {
    control,
    written,
    units: new Links(options),
    tokens: new Links({ ...options, role: 'token' }),
    soon: <T>(promise: Promise<T>) => settle(clock, promise),
  };
}

type Desk = ReturnType<typeof desk>;

async function settle<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const note = (): void => {
    isSettled = true;
  };
  promise.then(note, note);
  for (let waited = 0; !isSettled && waited < 60_000; waited += 10) await clock.advance(10);
  return await promise;
}

async function openToken({ control, tokens, soon }: Desk, link: LinkKind) {
  control.nextChoice(TOKEN_SN);
  const chosen = await soon(link === 'usb' ? tokens.chooseUsb() : tokens.chooseSerial());
  if (chosen === undefined) throw new Error('the token was not offered');
  const open = await soon(chosen.open());
  return { chosen, open, token: await soon(TokenCard.attach(open.transmit)) };
}

async function openUnit({ control, units, soon }: Desk): Promise<AttachedUnit> {
  control.nextChoice(UNIT_SN);
  const chosen = await soon(units.chooseUsb());
  if (chosen === undefined) throw new Error('the unit was not offered');
  const { transmit } = await soon(chosen.open());
  return await soon(attach(transmit));
}

async function load(source: TokenCard, device: AttachedUnit): Promise<string | undefined> {
  let last: string | undefined;
  for await (const { step } of provision(source, device, ORDER)) last = step;
  return last;
}

describe.each(['usb', 'serial'] as const)('a token on %s', (link) => {
  it('gives a key to a unit beside it', async () => {
    const here = desk(link);
    const { token, chosen } = await openToken(here, link);
    expect([chosen.label, chosen.usb]).toEqual([
      link === 'usb' ? 'Keyferry AS token (simulated)' : 'Serial port, USB 1209:0002',
      { vendorId: 0x1209, productId: 0x0002 },
    ]);
    await here.soon(token.verifyPin(ascii('123456')));
    expect(await here.soon(load(token, await openUnit(here)))).toBe('verified');
    expect(here.control.token(TOKEN_SN)).toMatchObject({ xc: 1, quotaLeft: 99, receipts: 1, pinTries: 3 });
    expect(here.control.memory(UNIT_SN).slots.find(({ ref2 }) => ref2 === 2)?.holdsKey).toBe(true);
  });

  it('is never offered as a unit, nor a unit as a token', async () => {
    const here = desk(link);
    here.control.nextChoice(TOKEN_SN);
    const unit = here.soon(link === 'usb' ? here.units.chooseUsb() : here.units.chooseSerial());
    // A serial port shows no ids that a filter could go by where adapters are admitted, so it is refused after the choice.
    if (link === 'usb') expect(await unit).toBeUndefined();
    else await expect(unit).rejects.toMatchObject({ code: 'no-interface' });
    here.control.nextChoice(UNIT_SN);
    expect(await here.soon(link === 'usb' ? here.tokens.chooseUsb() : here.tokens.chooseSerial())).toBeUndefined();
    await openToken(here, link);
    expect(await here.soon(here.units.remembered())).toEqual([]);
  });

  it('is locked when it was pulled in mid-export, and has counted at most that one', async () => {
    const here = desk(link);
    const { token, open } = await openToken(here, link);
    await here.soon(token.verifyPin(ascii('123456')));
    const device = await openUnit(here);
    here.control.fault(TOKEN_SN, { fault: 'unplug', direction: 'in', after: 40, link });
    await here.soon(expect(load(token, device)).rejects.toMatchObject({ code: 'token-lost' }));
    await here.soon(open.close());
    expect(here.control.token(TOKEN_SN)).toMatchObject({ xc: 1, quotaLeft: 99, receipts: 0 });

    here.control.plug(TOKEN_SN);
    const again = await openToken(here, link);
    expect(await here.soon(again.token.pinState())).toEqual({ is: 'locked', triesLeft: 3 });
    await here.soon(expect(load(again.token, device)).rejects.toMatchObject({ code: 'token-locked' }));
    await here.soon(again.token.verifyPin(ascii('123456')));
    expect(await here.soon(load(again.token, device))).toBe('verified');
    expect(here.control.token(TOKEN_SN)).toMatchObject({ xc: 2, quotaLeft: 98, receipts: 1 });
  });

  it('keeps its tries and its quota over a reload of the page', async () => {
    const here = desk(link, { quota: 2 });
    const { token } = await openToken(here, link);
    await here.soon(token.verifyPin(ascii('123456')));
    await here.soon(load(token, await openUnit(here)));
    await here.soon(expect(token.verifyPin(ascii('0000'))).rejects.toMatchObject({ triesLeft: 2 }));
    const reloaded = desk(link, { quota: 2 }, here.written);
    const { token: after } = await openToken(reloaded, link);
    expect(after.data).toMatchObject({ xc: 1, quotaLeft: 1 });
    expect(await reloaded.soon(after.pinState())).toEqual({ is: 'locked', triesLeft: 2 });
  });
});

it('tells units and tokens apart, and gives each its own digest', () => {
  const { control } = desk('usb');
  expect(control.units().map(({ sn, kind }) => [sn.slice(-4), kind])).toEqual([
    ['00A5', 'as'],
    ['0E1A', 'ei'],
  ]);
  expect(() => control.memory(TOKEN_SN)).toThrow(RangeError);
  expect(() => control.token(UNIT_SN)).toThrow(RangeError);
  expect(control.holds(TOKEN_SN, Buffer.from('KEYFERRY-PUBLIC-DEMO-D-NO-SECRET').toString('hex'))).toBe(true);
});

it('wants T for a set that is no demo set', () => {
  const { control } = desk('usb');
  expect(() => control.addToken({ sn: 'A6', set: 0x0000ba7c })).toThrow(RangeError);
  const key = '00112233445566778899AABBCCDDEEFF'.repeat(2);
  control.addToken({ sn: 'A6', set: 0x0000ba7c, transportKeys: [{ tkv: 3, key }], units: ['1'], signingKey: key });
  expect(control.token('A6')).toMatchObject({ xc: 0, quotaLeft: 100 });
});
