// Makes Node's Buffer a global of the page, which Ledger's transport requires. Import this file
// before Ledger's transport.
import { Buffer } from 'buffer';

Object.assign(globalThis, { Buffer });
