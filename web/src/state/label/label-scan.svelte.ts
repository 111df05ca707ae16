// Opens the camera, reads codes in its picture, and sends the first one to the page of the order.

/** Why the camera shows no picture. */
export type CameraFailure = 'denied' | 'missing' | 'in-use' | 'unsupported';

export type ScanState =
  /** The page of the order is not open, so no page can receive the label. */
  | { readonly is: 'unwanted' }
  | { readonly is: 'starting' }
  | { readonly is: 'looking' }
  | { readonly is: 'sent'; readonly label: string }
  | { readonly is: 'failed'; readonly failure: CameraFailure };

/** Reads the current picture of a camera. */
interface Reader {
  /** Returns the text of a code in the picture; undefined if there is none. */
  read(): Promise<string | undefined>;
}

export interface LabelScanOptions {
  /** @throws DOMException of getUserMedia(); TypeError if the browser has no camera interface */
  readonly openCamera: () => Promise<MediaStream>;
  readonly readers: (video: HTMLVideoElement) => Promise<Reader>;
  /** Resolves when the browser draws again. */
  readonly nextFrame: () => Promise<void>;
  readonly send: (label: string) => void;
  /** Whether the page of the order is open. */
  readonly isWanted: () => boolean;
  readonly close: () => void;
}

const FAILURES: Readonly<Record<string, CameraFailure>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'in-use',
  AbortError: 'in-use',
};

/** Maximum length of a label. The text of a longer code is not the number of a unit. */
const MAX_LABEL_LENGTH = 200;

function endUse(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

export class LabelScan {
  #state = $state.raw<ScanState>({ is: 'starting' });
  #stream: MediaStream | undefined;
  /** The request for the camera that is still wanted; undefined after stop(). */
  #request: object | undefined;
  readonly #options: LabelScanOptions;

  constructor(options: LabelScanOptions) {
    this.#options = options;
  }

  get state(): ScanState {
    return this.#state;
  }

  /** Shows the picture of the camera in `video`, and reads it until a code is found. */
  async start(video: HTMLVideoElement): Promise<void> {
    this.stop();
    if (!this.#options.isWanted()) {
      this.#state = { is: 'unwanted' };
      return;
    }
    this.#state = { is: 'starting' };
    const request = {};
    this.#request = request;
    let stream: MediaStream;
    try {
      stream = await this.#options.openCamera();
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      this.#state = { is: 'failed', failure: FAILURES[name] ?? 'unsupported' };
      return;
    }
    // The operator may have closed the page while the browser asked for permission.
    if (this.#request !== request) {
      endUse(stream);
      return;
    }
    this.#stream = stream;
    video.srcObject = stream;
    this.#state = { is: 'looking' };
    await this.#look(await this.#options.readers(video));
  }

  /** Ends the use of the camera. Idempotent. */
  stop(): void {
    if (this.#stream) endUse(this.#stream);
    this.#stream = undefined;
    this.#request = undefined;
  }

  /** Closes the page without a label. */
  cancel(): void {
    this.stop();
    this.#options.close();
  }

  async #look(reader: Reader): Promise<void> {
    const { nextFrame, isWanted, send, close } = this.#options;
    while (this.#stream) {
      await nextFrame();
      if (!isWanted()) return this.cancel();
      const label = await reader.read();
      if (label === undefined || label.length > MAX_LABEL_LENGTH || !this.#stream) continue;
      this.stop();
      this.#state = { is: 'sent', label };
      send(label);
      close();
    }
  }
}
