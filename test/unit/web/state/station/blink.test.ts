// IDENTIFY (capability b2): a unit can blink while its lane is idle, but never between the commands
// of a load.
import { describe, expect, it } from 'vitest';
import { attached, cable, createBench, load } from './station-fixture.ts';

const IDENTIFY = 0xce;

async function ready(canBlink = true) {
  const bench = await createBench();
  await bench.session.signIn('token');
  const wire = cable({ canBlink });
  return { bench, wire, lane: await attached(bench, wire) };
}

describe('a unit that can blink', () => {
  it('blinks when it is ready, and after a load', async () => {
    const { wire, lane } = await ready();
    expect(lane.canBlink).toBe(true);
    await lane.blink();
    await load(lane, 1);
    await lane.blink();
    expect(wire.unit.blinks()).toBe(2);
    expect(lane.phase.is).toBe('done');
  });

  it('can be loaded at the same time, because the link runs one command after the other', async () => {
    const { wire, lane } = await ready();
    await Promise.all([lane.blink(), load(lane, 1), lane.blink()]);
    expect(wire.unit.blinks()).toBe(1);
    expect(lane.phase.is).toBe('done');
  });

  it('does not blink while it is unplugged', async () => {
    const { wire, lane } = await ready();
    wire.pull();
    await expect.poll(() => lane.attached).toBe(false);
    expect(lane.canBlink).toBe(false);
    await lane.blink();
    expect(wire.commands).not.toContain(IDENTIFY);
  });

  it('is read again if it did not answer', async () => {
    const { wire, lane } = await ready();
    wire.cut = { ins: IDENTIFY, when: 'silence' };
    await lane.blink();
    expect(lane.phase).toEqual({ is: 'unread', failure: { code: 'link-timeout' } });
    wire.cut = undefined;
    await lane.retry();
    expect(lane.phase.is).toBe('ready');
  });

  it('remains ready if it refuses to blink', async () => {
    const { wire, lane } = await ready();
    wire.lie = { ins: IDENTIFY, statusWord: 0x6d00 };
    await lane.blink();
    expect([lane.phase.is, lane.canBlink]).toEqual(['ready', true]);
  });
});

it('a unit without the capability receives no IDENTIFY', async () => {
  const { wire, lane } = await ready(false);
  expect(lane.canBlink).toBe(false);
  await lane.blink();
  expect(wire.commands).not.toContain(IDENTIFY);
});
