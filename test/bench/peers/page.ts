// Registers the cases of the peers on the benchmark page.
import './buffer-global.ts';
import { register } from '../host-cost/bench-page.ts';
import { peerCases } from './cases.ts';

register('peers', peerCases);
