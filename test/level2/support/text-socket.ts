// A minimal WebSocket client (RFC 6455) for text messages on this machine. Node 20 has no
// WebSocket.
import { request } from 'node:http';
import type { Socket } from 'node:net';

const TEXT = 1;
const FINAL = 0x80;
const MASKED = 0x80;
/** Values of the length field which mean that the length follows in 2 or in 8 bytes. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** Any 16 bytes, as base64. */
const KEY = 'S2V5ZmVycnkga2V5ZmVycg==';
/** A mask of zeros does not change the payload. */
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

  /** @throws Error when the connection is refused */
  static connect(port: number, path: string, onText: (text: string) => void): Promise<TextSocket> {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': KEY,
      'Sec-WebSocket-Version': '13',
    };
    return new Promise((resolve, reject) => {
      const upgrade = request({ host: '127.0.0.1', port, path, headers });
      upgrade.on('error', reject);
      upgrade.on('response', ({ statusCode }) => reject(new Error(`the server responded with ${statusCode}`)));
      upgrade.on('upgrade', (_response, socket: Socket, head) => {
        const text = new TextSocket(socket, onText);
        text.#receive(head);
        resolve(text);
      });
      upgrade.end();
    });
  }

  /** @param text at most 125 bytes in UTF-8 */
  send(text: string): void {
    const payload = Buffer.from(text);
    if (payload.length >= LENGTH_16) throw new RangeError('a text must have at most 125 bytes');
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

  /**
   * Removes the next frame from the received bytes. Returns undefined while the frame is
   * incomplete. The server does not mask its frames.
   */
  #take(): { readonly isFinal: boolean; readonly payload: Buffer } | undefined {
    const [first, short] = this.#received;
    if (first === undefined || short === undefined) return undefined;
    const start = short === LENGTH_16 ? 4 : short === LENGTH_64 ? 10 : 2;
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
