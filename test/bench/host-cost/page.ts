// What the bench's page runs of ours.

import { register } from './door.ts';
import { ourCases, usbCallsPerExchange } from './ours.ts';

declare global {
  var keyferryUsbCalls: typeof usbCallsPerExchange;
}

register('ours', ourCases);
globalThis.keyferryUsbCalls = usbCallsPerExchange;
