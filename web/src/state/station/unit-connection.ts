// An open link with a unit at its other end that has said who it is. A link is closed for good after its first failure; then the line is
// dead and another one has to be opened.
import type { Identity } from '#protocol/commands/identity.ts';
import { attach, type Device, refresh } from '#protocol/provisioning/device.ts';
import type { Leases } from '../../transport/leases.ts';
import type { Link, OpenLink } from '../../transport/link.ts';
import { type Exchange, traced } from '../../transport/trace.ts';

export class Line {
  /** Resolves when the unit is gone. Never rejects. */
  readonly lost: Promise<void>;
  readonly #open: OpenLink;
  readonly #state: { dead: boolean };
  #device: Device;

  private constructor(open: OpenLink, device: Device, state: { dead: boolean }) {
    this.#open = open;
    this.#device = device;
    this.lost = open.lost;
    this.#state = state;
  }

  /** @throws ProtocolError of the link, not-a-unit; everything is closed then */
  static async open(link: Link, leases: Pick<Leases, 'open'>, onExchange: (exchange: Exchange) => void): Promise<Line> {
    const open = await leases.open(link);
    const state = { dead: false };
    const transmit = traced(async (command) => {
      try {
        return await open.transmit(command);
      } catch (error) {
        state.dead = true;
        throw error;
      }
    }, onExchange);
    try {
      return new Line(open, await attach(transmit), state);
    } catch (error) {
      await open.close();
      throw error;
    }
  }

  get device(): Device {
    return this.#device;
  }

  /** What the unit says of itself now. @throws ProtocolError of the link, unit-changed */
  async refresh(): Promise<Identity> {
    this.#device = await refresh(this.#device);
    return this.#device.identity;
  }

  get isDead(): boolean {
    return this.#state.dead;
  }

  /** For good, any number of times. Never rejects. */
  async close(): Promise<void> {
    this.#state.dead = true;
    await this.#open.close();
  }
}
