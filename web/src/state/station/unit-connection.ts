// An open link to a unit whose identity was read. A link cannot be reused after a failed exchange
// (docs/protocol.md clause 5); the lane then opens a new connection.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { Mutex } from '#protocol/async/mutex.ts';
import { run } from '#protocol/commands/command.ts';
import { identify } from '#protocol/commands/identify.ts';
import type { Identity } from '#protocol/commands/identity.ts';
import { type AttachedUnit, attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { Link, OpenLink } from '../../transport/link.ts';
import { type Exchange, traced } from '../../transport/trace.ts';
import type { LaneOptions } from './lane-options.ts';

export class UnitConnection {
  /** Resolves when the unit is unplugged. Never rejects. */
  readonly lost: Promise<void>;
  readonly #open: OpenLink;
  // The link takes one command at a time, and an IDENTIFY may still be running when a load starts.
  readonly #turns = new Mutex();
  #isClosed = false;
  #device = {} as AttachedUnit;

  private constructor(open: OpenLink) {
    this.#open = open;
    this.lost = open.lost;
  }

  /**
   * Opens the link and reads the identity. Closes the link on a failure.
   * @throws ProtocolError from the link, not-a-unit, identity-malformed
   */
  static async open(
    link: Link,
    { leases, now }: Pick<LaneOptions, 'leases' | 'now'>,
    onExchange: (exchange: Exchange) => void,
  ): Promise<UnitConnection> {
    const connection = new UnitConnection(await leases.open(link));
    try {
      connection.#device = await attach(traced(connection.send, onExchange, now));
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get device(): AttachedUnit {
    return this.#device;
  }

  /** Sends a command that the trace does not record. The caller records it. */
  readonly send: Transmit = async (command) => {
    try {
      return await this.#turns.run(() => this.#open.transmit(command));
    } catch (error) {
      this.#isClosed = true;
      throw error;
    }
  };

  /** Sends IDENTIFY. @throws ProtocolError from the link and the unit */
  async blink(): Promise<void> {
    await run(this.#device.transmit, identify, undefined);
  }

  /** Reads the identity again. @throws ProtocolError from the link, unit-changed */
  async refresh(): Promise<Identity> {
    this.#device = await refresh(this.#device);
    return this.#device.identity;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Idempotent. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#open.close();
  }
}
