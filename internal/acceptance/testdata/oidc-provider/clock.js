// The server's time, which a test moves. It must be imported before anything that keeps a Date.
const System = globalThis.Date;
let skew = 0;
globalThis.Date = class extends System {
  constructor(...args) { super(...(args.length ? args : [System.now() + skew])); }
  static now() { return System.now() + skew; }
};
export const advance = (seconds) => { skew += seconds * 1000; };
