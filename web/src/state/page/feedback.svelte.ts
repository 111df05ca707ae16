// Sound and vibration when a unit of a work order is done or needs the operator. The two signals
// differ in pitch and rhythm. The operator can turn both off.

export type Signal = 'done' | 'failed';

export interface FeedbackOptions {
  /** Returns the audio output; undefined if the browser has no Web Audio. */
  readonly sound: () => AudioContext | undefined;
  /** Vibrates for the given times, in milliseconds, alternating with pauses. */
  readonly vibrate: (pattern: number[]) => void;
  /**
   * Whether the operator has clicked or typed. Before that the browser allows neither sound nor
   * vibration.
   */
  readonly isActivated: () => boolean;
  /** Settings of this browser. */
  readonly settings: Pick<Storage, 'getItem' | 'setItem'>;
}

const SETTING = 'keyferry.sound';

/** Pitch in hertz; start and end in seconds from the beginning of the signal. */
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
const VIBRATIONS: Readonly<Record<Signal, number[]>> = { done: [80], failed: [250, 100, 250] };
/** Gain, 0 to 1. */
const VOLUME = 0.2;
/** Duration of the fade at both ends of a tone, in seconds. Without a fade, the tone clicks. */
const RAMP_S = 0.012;

export class Feedback {
  #isOn = $state(true);
  readonly #options: FeedbackOptions;
  #context: AudioContext | undefined;

  constructor(options: FeedbackOptions) {
    this.#options = options;
    this.#isOn = options.settings.getItem(SETTING) !== 'off';
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  toggle(): void {
    this.#isOn = !this.#isOn;
    this.#options.settings.setItem(SETTING, this.#isOn ? 'on' : 'off');
    this.give('done');
  }

  give(signal: Signal): void {
    if (!this.#isOn || !this.#options.isActivated()) return;
    this.#options.vibrate(VIBRATIONS[signal]);
    this.#context ??= this.#options.sound();
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
  gain.gain.linearRampToValueAtTime(VOLUME, now + from + RAMP_S);
  gain.gain.setValueAtTime(VOLUME, now + to - RAMP_S);
  gain.gain.linearRampToValueAtTime(0, now + to);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(now + from);
  oscillator.stop(now + to);
}
