// Registers our cases and the counter of USB calls on the benchmark page.

import { register } from './bench-page.ts';
import { ourCases, usbCallsPerExchange } from './ours.ts';

declare global {
  var keyferryUsbCalls: typeof usbCallsPerExchange;
}

register('ours', ourCases);
globalThis.keyferryUsbCalls = usbCallsPerExchange;
