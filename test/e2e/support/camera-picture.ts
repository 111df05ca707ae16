// Writes the picture of a camera for Chromium's simulated camera, as a YUV4MPEG2 file.
import { writeFile } from 'node:fs/promises';

const [WIDTH, HEIGHT] = [640, 480];
/** Side of one module of a code, in pixels. */
const MODULE = 12;
const [DARK, LIGHT, GREY] = [30, 220, 128];

/** Writes a picture that shows `modules` in its middle; a light picture if there are none. */
export async function writePicture(file: string, modules: readonly (readonly boolean[])[] = []): Promise<void> {
  const light = new Uint8Array(WIDTH * HEIGHT).fill(LIGHT);
  const [left, top] = [(WIDTH - modules.length * MODULE) / 2, (HEIGHT - modules.length * MODULE) / 2];
  for (const [y, row] of modules.entries()) {
    for (const [x, isDark] of row.entries()) {
      for (let line = 0; isDark && line < MODULE; line++) {
        const start = (top + y * MODULE + line) * WIDTH + left + x * MODULE;
        light.fill(DARK, start, start + MODULE);
      }
    }
  }
  const colours = new Uint8Array((WIDTH * HEIGHT) / 2).fill(GREY);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), light, colours]);
  const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`);
  await writeFile(file, Buffer.concat([header, frame, frame]));
}
