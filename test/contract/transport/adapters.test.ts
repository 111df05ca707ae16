// Tests the page's links with an adapter that echoes, and with a unit that answers late without
// requesting more time.
import { describe, expect, it } from 'vitest';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import { type AttachedUnit, attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { Link } from '#web/transport/link.ts';
import { quickUnit, setUp, type TestSetup } from './fixture.ts';

async function chosen({ links, control, soon }: TestSetup, kind: LinkKind): Promise<Link> {
  control.nextChoice('0007');
  const link = await soon(kind === 'usb' ? links.chooseUsb() : links.chooseSerial());
  if (link === undefined) throw new Error('no unit was chosen');
  return link;
}

describe('a serial adapter that echoes', () => {
  it('works like one that does not echo', async () => {
    const setup = setUp([quickUnit('serial', { faults: [{ fault: 'echo' }] })]);
    const open = await setup.soon((await chosen(setup, 'serial')).open());
    const unit = await setup.soon(attach(open.transmit));
    for (let count = 0; count < 3; count++) await setup.soon(refresh(unit));
  });

  it('is reported when no unit answers behind it', async () => {
    const setup = setUp([quickUnit('serial', { faults: [{ fault: 'echo' }, { fault: 'silence' }] })]);
    const link = await chosen(setup, 'serial');
    await setup.soon(expect(link.open()).rejects.toMatchObject({ code: 'link-echo' }));
  });
});

describe.each(['usb', 'serial'] as const)('a unit on %s whose answer is late', (kind) => {
  it('answers in time again after at most five commands', async () => {
    const setup = setUp([quickUnit(kind)]);
    const link = await chosen(setup, kind);
    let open = await setup.soon(link.open());
    let unit: AttachedUnit | undefined = await setup.soon(attach(open.transmit));
    setup.control.fault('0007', { fault: 'late answer', ms: 4500 });
    for (let questions = 0; questions <= 5; questions++) {
      const { transmit } = open;
      const before: AttachedUnit | undefined = unit;
      unit = await setup.soon((before ? refresh(before) : attach(transmit)).catch(() => undefined));
      if (unit) break;
      await setup.soon(open.close());
      open = await setup.soon(link.open()).catch(() => open);
    }
    expect(unit).toBeDefined();
  });
});
