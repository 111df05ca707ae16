// The endpoints of a configuration. Each IN endpoint has a pipe, and every endpoint has a halt
// state (USB 2.0 clause 9.4.5). Bit 7 of an endpoint address means IN.
import { InPipe } from '#device-sim/browser/in-pipe.ts';

const IN = 0x80;

export const inAddress = (endpoint: number): number => endpoint | IN;

export class Endpoints {
  readonly #in = new Map<number, InPipe>();
  /** Halt state of the OUT endpoints. */
  readonly #out = new Map<number, boolean>();

  constructor(configuration: USBConfiguration) {
    for (const { endpointNumber, direction, packetSize } of configuration.interfaces.flatMap(
      ({ alternate }) => alternate.endpoints,
    )) {
      if (direction === 'in') this.#in.set(inAddress(endpointNumber), new InPipe(packetSize));
      else this.#out.set(endpointNumber, false);
    }
  }

  has(address: number): boolean {
    return this.#in.has(address) || this.#out.has(address);
  }

  /** @param endpoint the endpoint number, without bit 7 */
  pipe(endpoint: number): InPipe | undefined {
    return this.#in.get(inAddress(endpoint));
  }

  isHalted(address: number): boolean {
    return this.#in.get(address)?.isHalted ?? this.#out.get(address) ?? false;
  }

  halt(address: number): void {
    if (this.#out.has(address)) this.#out.set(address, true);
    this.#in.get(address)?.halt();
  }

  clearHalt(address: number): void {
    if (this.#out.has(address)) this.#out.set(address, false);
    this.#in.get(address)?.clearHalt();
  }

  /** Clears all halts and drops unread packets. A bus reset and SET_CONFIGURATION require this. */
  restart(): void {
    for (const address of this.#out.keys()) this.#out.set(address, false);
    for (const pipe of this.#in.values()) {
      pipe.flush();
      pipe.clearHalt();
    }
  }
}
