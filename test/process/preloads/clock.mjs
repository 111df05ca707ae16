// Preload (node --import): shifts the clock of this process by KF_CLOCK_OFFSET ms.
const offset = Number(process.env.KF_CLOCK_OFFSET ?? 0);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offset);
    else super(...args);
  }
  static now() {
    return RealDate.now() + offset;
  }
};
