// Observations of Web Serial. The octets are T=1's S(RESYNCH request), which the unit answers in five.
import { type Behaviour, logOf, pulled, SETTLED_MS, seen } from './bench.ts';

export const SERIAL_BEHAVIOURS: readonly Behaviour[] = [
  seen('serial: what the port says of itself', async () => {
    const port = await window.tools.port();
    return `${JSON.stringify(port.getInfo())}, connected ${port.connected}, readable ${port.readable}`;
  }),
  seen('serial: open twice', async () => {
    const port = await window.tools.openPort();
    const again = await window.tools.see(port.open({ baudRate: 115_200 }));
    await port.close();
    return again;
  }),
  seen('serial: open without a baud rate of use', async () => {
    const port = await window.tools.port();
    return window.tools.see(port.open({ baudRate: 0 }));
  }),
  {
    name: 'serial: what the unit sees of open, setSignals, break and close',
    async observe({ page, line }) {
      await page.waitForTimeout(500);
      line();
      await page.evaluate(async () => {
        const port = await window.tools.openPort();
        await port.setSignals({ dataTerminalReady: false, requestToSend: true });
        await port.setSignals({ break: true });
        await port.setSignals({ break: false });
        await port.close();
      });
      await page.waitForTimeout(1000);
      return line().join('; ');
    },
  },
  {
    name: 'serial: what the unit sees of another rate and parity',
    async observe({ page, line }) {
      line();
      await page.evaluate(async () => {
        const port = await window.tools.openPort({ baudRate: 19_200, parity: 'even', stopBits: 2 });
        await port.close();
      });
      await page.waitForTimeout(1000);
      return line().join('; ');
    },
  },
  seen('serial: setSignals without a signal', async () => {
    const port = await window.tools.openPort();
    const seen = await window.tools.see(port.setSignals({}));
    await port.close();
    return seen;
  }),
  seen('serial: getSignals', async () => {
    const port = await window.tools.openPort();
    const seen = await window.tools.see(port.getSignals());
    await port.close();
    return seen;
  }),
  seen('serial: setSignals before open', async () => {
    const port = await window.tools.port();
    return window.tools.see(port.setSignals({ dataTerminalReady: true }));
  }),
  seen('serial: close while a reader has the lock', async () => {
    const port = await window.tools.openPort();
    const reader = port.readable?.getReader();
    const seen = await window.tools.see(port.close());
    reader?.releaseLock();
    await window.tools.see(port.close());
    return seen;
  }),
  seen('serial: cancel while a read waits, then close', async () => {
    const port = await window.tools.openPort();
    const reader = port.readable?.getReader();
    if (reader === undefined) return 'no readable';
    const read = window.tools.note('read')(reader.read());
    await window.tools.note('cancel')(reader.cancel());
    await read;
    reader.releaseLock();
    await window.tools.note('close')(port.close());
    return `${window.tools.log.splice(0).join('; ')}; readable ${port.readable}`;
  }),
  seen('serial: S(RESYNCH) and its answer', async () => {
    const port = await window.tools.openPort();
    await port.setSignals({ dataTerminalReady: true, requestToSend: true });
    const writer = port.writable?.getWriter();
    const reader = port.readable?.getReader();
    await writer?.write(Uint8Array.of(0x00, 0xc0, 0x00, 0x0c, 0x66));
    const octets: number[] = [];
    while (octets.length < 5) octets.push(...((await reader?.read())?.value ?? [0]));
    await reader?.cancel();
    reader?.releaseLock();
    writer?.releaseLock();
    await port.close();
    return octets.slice(0, 3).join(' ');
  }),
  {
    name: 'serial: open of a port that another page holds',
    async observe({ page, occupy }) {
      const release = await occupy('serial');
      const words = await page.evaluate(async () => {
        const port = await window.tools.port();
        return window.tools.see(port.open({ baudRate: 115_200 }));
      });
      await release();
      return words;
    },
  },
  pulled('serial: pulled while a read waits', async () => {
    const port = await window.tools.openPort();
    const reader = port.readable?.getReader();
    window.started = window.tools
      .note('read')(reader?.read() ?? Promise.resolve())
      .then(() => window.tools.log.push(`readable ${port.readable}`));
  }),
  pulled('serial: pulled while it is open and nothing is asked', async () => {
    await window.tools.openPort();
  }),
  {
    name: 'serial: the old port after it was pulled, and the new one',
    async observe(bench) {
      const { page } = bench;
      await page.evaluate(async () => {
        window.started = window.tools.openPort().then((port) => ({ port, writer: port.writable?.getWriter() }));
        await window.started;
      });
      await bench.unplug();
      await page.waitForTimeout(SETTLED_MS);
      type Held = { port: SerialPort; writer: WritableStreamDefaultWriter<Uint8Array> | undefined };
      const gone = await page.evaluate(async () => {
        const { port, writer } = (await window.started) as Held;
        const write = await window.tools.see(writer?.write(Uint8Array.of(1)) ?? Promise.resolve());
        writer?.releaseLock();
        const signals = await window.tools.see(port.setSignals({ dataTerminalReady: true }));
        const close = await window.tools.see(port.close());
        const open = await window.tools.see(port.open({ baudRate: 115_200 }));
        const { length } = await navigator.serial.getPorts();
        return `connected ${port.connected}; write ${write}; setSignals ${signals}; close ${close}; open ${open}; ${length} permitted`;
      });
      await bench.plug();
      const back = await page.evaluate(async () => {
        const { port } = (await window.started) as Held;
        const now = await window.tools.port();
        return `then ${(await navigator.serial.getPorts()).length} permitted, ${now === port ? 'the same object' : 'another object'}`;
      });
      await logOf(page);
      return `${gone}; ${back}`;
    },
  },
  ...(['BreakError', 'ParityError', 'FramingError', 'BufferOverrunError'] as const).map(
    (error): Behaviour => ({
      name: `serial: a ${error} on the line`,
      async observe({ page, arm }) {
        arm({ fault: 'line error', error });
        return String(
          await page.evaluate(async () => {
            const port = await window.tools.openPort();
            await port.setSignals({ dataTerminalReady: true, requestToSend: true });
            const writer = port.writable?.getWriter();
            const reader = port.readable?.getReader();
            await writer?.write(Uint8Array.of(0x00, 0xc0, 0x00, 0x0c, 0x66));
            const late = new Promise((resolve) => setTimeout(() => resolve('nothing within 2 s'), 2000));
            const read = window.tools
              .see(reader?.read() ?? Promise.resolve())
              .then((s) => s.replace(/\{.*\}/, 'octets'));
            const first = await Promise.race([read, late]);
            const fresh = port.readable === null ? 'none' : port.readable.locked ? 'the same stream' : 'a new stream';
            await window.tools.see(reader?.cancel() ?? Promise.resolve());
            reader?.releaseLock();
            writer?.releaseLock();
            await window.tools.see(port.close());
            return `${first}; then ${fresh}`;
          }),
        );
      },
    }),
  ),
];
