// Attaches a simulated unit to the kernel of this machine, without a network and without the usbip
// program. One end of a socket pair goes to vhci_hcd, the other to the server. Needs Linux, root
// and vhci_hcd. The tests of level 3 use it inside a virtual machine.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SPEED } from './pdu.ts';
import { type ExportedUnit, serveDevice } from './server.ts';

const VHCI = '/sys/devices/platform/vhci_hcd.0';

/** Bus 1, device 2. Appears only in USB/IP messages; the kernel assigns its own number. */
const DEVID = (1 << 16) | 2;
/** Status VDEV_ST_NULL of a port, which means that the port is free. */
const FREE = '004';

export interface Attachment {
  readonly port: number;
  /** Detaches the unit at the host's end. */
  detach(): void;
}

/** @throws Error when vhci_hcd is missing or has no free port */
export async function attach(exported: ExportedUnit, vhci: string = VHCI): Promise<Attachment> {
  const speed = exported.unit.options.usb.packetSize >= 512 ? SPEED.high : SPEED.full;
  const port = freePort(readFileSync(join(vhci, 'status'), 'utf8'));
  const { device, kernel } = await socketPair();
  const end = serveDevice(device, exported);
  writeFileSync(join(vhci, 'attach'), `${port} ${fileDescriptor(kernel)} ${DEVID} ${speed}`);
  device.on('close', () => kernel.destroy());
  return {
    port,
    detach() {
      writeFileSync(join(vhci, 'detach'), String(port));
      end();
    },
  };
}

/**
 * Returns the first free port of the high-speed hub, which also accepts full-speed devices.
 * @throws Error when all ports are in use
 */
export function freePort(status: string): number {
  for (const line of status.split('\n').slice(1)) {
    const [hub, port, state] = line.trim().split(/\s+/);
    if (hub === 'hs' && state === FREE) return Number(port);
  }
  throw new Error('vhci_hcd has no free port');
}

/**
 * Creates two connected sockets. Pauses the kernel's socket before it connects, because Node would
 * otherwise read from it.
 */
async function socketPair(): Promise<{ device: Socket; kernel: Socket }> {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-usbip-'));
  const server = createServer();
  try {
    const path = join(folder, 'socket');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const kernel = connect(path);
    kernel.pause();
    kernel.on('error', () => kernel.destroy());
    return { device: await accepted, kernel };
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Returns the file descriptor of a socket. Reads an internal property, because Node has no public
 * one.
 * @throws Error when this version of Node has no such property
 */
function fileDescriptor(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0)
    throw new Error('this version of Node hides the file descriptor of a socket');
  return handle.fd;
}
