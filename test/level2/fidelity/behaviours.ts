// All behaviours, in the order of docs/reliability.md.
import type { Behaviour } from './behaviour.ts';
import { SERIAL_BEHAVIOURS } from './serial-behaviours.ts';
import { USB_BEHAVIOURS } from './usb-behaviours.ts';

export const BEHAVIOURS: readonly Behaviour[] = [...USB_BEHAVIOURS, ...SERIAL_BEHAVIOURS];
