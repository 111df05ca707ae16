// Node's Buffer, which Ledger's transport expects of the page. Has to be imported before it.
import { Buffer } from 'buffer';

Object.assign(globalThis, { Buffer });
