// Reads codes in the picture of a camera: with BarcodeDetector where the browser has it, otherwise
// QR codes only, with the package qr.
import { decodeQR } from 'qr/decode.js';

/** The part of the Shape Detection API that this file uses. TypeScript does not describe it. */
interface Detector {
  detect(video: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { readonly formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

/** The kinds of code on labels of units. */
const FORMATS = ['qr_code', 'data_matrix', 'code_128', 'code_39', 'itf'];
/**
 * Maximum length in pixels of the longer side of the picture in which readQr() looks for a code.
 * Larger pictures are scaled down.
 */
const MAX_SIDE = 800;

/** Reads the current picture of one video element. */
export class LabelReader {
  readonly #video: HTMLVideoElement;
  readonly #detector: Detector | undefined;
  readonly #canvas = document.createElement('canvas');

  private constructor(video: HTMLVideoElement, detector: Detector | undefined) {
    this.#video = video;
    this.#detector = detector;
  }

  static async of(video: HTMLVideoElement): Promise<LabelReader> {
    const { BarcodeDetector } = globalThis as { readonly BarcodeDetector?: DetectorClass };
    const supported = (await BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
    const formats = FORMATS.filter((format) => supported.includes(format));
    return new LabelReader(
      video,
      BarcodeDetector && formats.includes('qr_code') ? new BarcodeDetector({ formats }) : undefined,
    );
  }

  /** Returns the text of a code in the picture; undefined if there is none. */
  async read(): Promise<string | undefined> {
    if (this.#video.videoWidth === 0) return undefined;
    const [found] = this.#detector ? await this.#detector.detect(this.#video).catch(() => []) : [];
    return found?.rawValue ?? this.#readQr();
  }

  #readQr(): string | undefined {
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, MAX_SIDE / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext('2d', { willReadFrequently: true });
    if (!context) return undefined;
    context.drawImage(this.#video, 0, 0, width, height);
    try {
      return decodeQR({ width, height, data: context.getImageData(0, 0, width, height).data });
    } catch {
      return undefined; // decodeQR() throws if the picture shows no readable code
    }
  }
}
