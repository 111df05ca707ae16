// What the bench's page runs of the peers.
import './buffer-global.ts';
import { register } from '../host-cost/door.ts';
import { peerCases } from './cases.ts';

register('peers', peerCases);
