// What is heard and felt when a unit is done or needs a hand: two tones apart in pitch and rhythm, and a short or a long shake of a phone. Is handed the
// browser's sound and motor; off by one key.

export type Signal = 'done' | 'failed';

export interface FeedbackOptions {
  /** Undefined where the browser has no Web Audio. */
  readonly sound: () => AudioContext | undefined;
  readonly vibrate: (pattern: number[]) => void;
  /** Before the first click or key the browser allows neither. */
  readonly isTouched: () => boolean;
  readonly kept: Pick<Storage, 'getItem' | 'setItem'>;
}

const KEPT = 'keyferry.sound';

/** Hertz, and seconds from the beginning to where it starts and ends. */
type Tone = readonly [pitch: number, from: number, to: number];
const TONES: Readonly<Record<Signal, readonly Tone[]>> = {
  done: [
    [880, 0, 0.09],
    [1320, 0.1, 0.26],
  ],
  failed: [
    [233, 0, 0.18],
    [233, 0.26, 0.44],
    [196, 0.52, 0.8],
  ],
};
const SHAKES: Readonly<Record<Signal, number[]>> = { done: [80], failed: [250, 100, 250] };
const LOUDNESS = 0.2;
/** A tone that starts or ends at once clicks. */
const EDGE_S = 0.012;

export class Feedback {
  on = $state(true);
  /** The last one, for whoever cannot hear it and for the tab's title. */
  last = $state.raw<Signal | undefined>();

  readonly #parts: FeedbackOptions;
  #context: AudioContext | undefined;

  constructor(parts: FeedbackOptions) {
    this.#parts = parts;
    this.on = parts.kept.getItem(KEPT) !== 'off';
  }

  toggle(): void {
    this.on = !this.on;
    this.#parts.kept.setItem(KEPT, this.on ? 'on' : 'off');
    if (this.on) this.give('done');
  }

  give(signal: Signal): void {
    this.last = signal;
    if (!this.on || !this.#parts.isTouched()) return;
    this.#parts.vibrate(SHAKES[signal]);
    this.#context ??= this.#parts.sound();
    const context = this.#context;
    if (!context) return;
    for (const tone of TONES[signal]) play(context, tone);
  }
}

function play(context: AudioContext, [pitch, from, to]: Tone): void {
  const [oscillator, gain] = [context.createOscillator(), context.createGain()];
  const now = context.currentTime;
  oscillator.frequency.value = pitch;
  gain.gain.setValueAtTime(0, now + from);
  gain.gain.linearRampToValueAtTime(LOUDNESS, now + from + EDGE_S);
  gain.gain.setValueAtTime(LOUDNESS, now + to - EDGE_S);
  gain.gain.linearRampToValueAtTime(0, now + to);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(now + from);
  oscillator.stop(now + to);
}
