// As much of a WebSocket (RFC 6455) as it takes to talk to a program on this machine in texts: Node 20 has none. Knows no program.
import { request } from 'node:http';
import type { Socket } from 'node:net';

const TEXT = 1;
const FINAL = 0x80;
const MASKED = 0x80;
/** Instead of a length: it stands in two, or in eight, further octets. */
const TWO_MORE = 126;
const EIGHT_MORE = 127;
/** Sixteen octets of anything, base64. */
const KEY = 'S2V5ZmVycnkga2V5ZmVycg==';
/** A mask of zeros leaves the octets as they are. */
const NO_MASK = Buffer.alloc(4);

export class TextSocket {
  readonly #socket: Socket;
  readonly #onText: (text: string) => void;
  #received: Buffer = Buffer.alloc(0);
  #message: Buffer[] = [];

  private constructor(socket: Socket, onText: (text: string) => void) {
    this.#socket = socket;
    this.#onText = onText;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
  }

  /** @throws Error when nobody listens there */
  static connect(port: number, path: string, onText: (text: string) => void): Promise<TextSocket> {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': KEY,
      'Sec-WebSocket-Version': '13',
    };
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, headers });
      asked.on('error', reject);
      asked.on('response', ({ statusCode }) => reject(new Error(`answered with ${statusCode}`)));
      asked.on('upgrade', (_response, socket: Socket, head) => {
        const text = new TextSocket(socket, onText);
        text.#receive(head);
        resolve(text);
      });
      asked.end();
    });
  }

  /** @param text of fewer than 126 octets */
  send(text: string): void {
    const payload = Buffer.from(text);
    if (payload.length >= TWO_MORE) throw new RangeError('a text has fewer than 126 octets');
    this.#socket.write(Buffer.concat([Buffer.of(FINAL | TEXT, MASKED | payload.length), NO_MASK, payload]));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) {
      this.#message.push(frame.payload);
      if (!frame.isFinal) continue;
      const text = Buffer.concat(this.#message).toString();
      this.#message = [];
      this.#onText(text);
    }
  }

  /** The next frame of the server, which masks nothing; undefined while it is not all there. */
  #take(): { readonly isFinal: boolean; readonly payload: Buffer } | undefined {
    const [first, short] = this.#received;
    if (first === undefined || short === undefined) return undefined;
    const start = short === TWO_MORE ? 4 : short === EIGHT_MORE ? 10 : 2;
    if (this.#received.length < start) return undefined;
    const length =
      start === 2 ? short : start === 4 ? this.#received.readUInt16BE(2) : Number(this.#received.readBigUInt64BE(2));
    const end = start + length;
    if (this.#received.length < end) return undefined;
    const payload = this.#received.subarray(start, end);
    this.#received = this.#received.subarray(end);
    return { isFinal: (first & FINAL) !== 0, payload };
  }
}
