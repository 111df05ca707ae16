// The endpoints of a configuration: a pipe for each IN endpoint, and for each endpoint whether it is halted (USB 2.0 clause 9.4.5).
// Addresses have bit 7 for IN. Knows not what the octets mean.
import { InPipe } from './in-pipe.ts';

const IN = 0x80;

export const inAddress = (endpoint: number): number => endpoint | IN;

export class Endpoints {
  readonly #in = new Map<number, InPipe>();
  /** OUT endpoints, and whether they are halted. */
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

  /** @param endpoint its number */
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

  /** As after SET_CONFIGURATION: nothing halted, nothing waiting to be read. */
  restart(): void {
    for (const address of this.#out.keys()) this.#out.set(address, false);
    for (const pipe of this.#in.values()) {
      pipe.flush();
      pipe.clearHalt();
    }
  }
}
