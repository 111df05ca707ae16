// An open link to a unit: when it is closed, and what it reports about itself.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { UnitConnection } from '#web/state/station/unit-connection.ts';
import type { Link, OpenLink } from '#web/transport/link.ts';
import { cable, NOW, SELECT } from './station-fixture.ts';

const IDENTIFY = 0xce;

/** Creates a link to a unit. Counts the calls of its close(). */
async function setUp() {
  const wire = cable({ canBlink: true });
  const link = wire.link(1);
  let closed = 0;
  const leases = {
    open: async (leased: Link): Promise<OpenLink> => {
      const open = await leased.open();
      return {
        ...open,
        close: async () => {
          closed++;
          await open.close();
        },
      };
    },
    take: async () => undefined,
    isRequested: async () => false,
  };
  const commands: string[] = [];
  const open = () => UnitConnection.open(link, { leases, now: NOW }, ({ command }) => void commands.push(command));
  return { wire, open, commands, closed: () => closed };
}

describe('a connection', () => {
  it('is open until it is closed, which closes its link', async () => {
    const { open, commands, closed } = await setUp();
    const connection = await open();
    expect([connection.isClosed, closed()]).toEqual([false, 0]);
    expect(connection.device.identity.tkv).toBe(1);
    expect(commands).toEqual(['SELECT']);
    await connection.close();
    expect([connection.isClosed, closed()]).toEqual([true, 1]);
  });

  it('that cannot be read closes its link, so that the unit can be opened again', async () => {
    const { wire, open, closed } = await setUp();
    wire.lie = { ins: SELECT, statusWord: 0x6a82 };
    await expect(open()).rejects.toThrow(ProtocolError);
    expect(closed()).toBe(1);
  });

  it('counts as closed after an exchange without an answer, but not after a refusal', async () => {
    const { wire, open } = await setUp();
    const connection = await open();
    wire.lie = { ins: IDENTIFY, statusWord: 0x6d00 };
    await expect(connection.blink()).rejects.toMatchObject({ statusWord: 0x6d00 });
    expect(connection.isClosed).toBe(false);
    wire.lie = undefined;
    wire.cut = { ins: IDENTIFY, when: 'silence' };
    await expect(connection.blink()).rejects.toMatchObject({ code: 'link-timeout' });
    expect(connection.isClosed).toBe(true);
  });

  it('has the identity that was read last', async () => {
    const { open } = await setUp();
    const connection = await open();
    const before = connection.device;
    expect(await connection.refresh()).toEqual(before.identity);
    expect(connection.device).not.toBe(before);
  });

  it('resolves lost when the unit is unplugged', async () => {
    const { wire, open } = await setUp();
    const connection = await open();
    let isLost = false;
    void connection.lost.then(() => {
      isLost = true;
    });
    await Promise.resolve();
    expect(isLost).toBe(false);
    wire.pull();
    await connection.lost;
    expect(isLost).toBe(true);
  });
});
