// Bundles the service and its CLI once, for tests that start many processes. Without a bundle, each
// process would compile the sources again.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';

const run = promisify(execFile);

/** Writes serve.mjs and cli.mjs into the folder, and returns their paths. */
export async function bundleService(folder: string): Promise<{ readonly serve: string; readonly cli: string }> {
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      target: 'node20',
      minify: false,
      rolldownOptions: {
        input: {
          serve: 'as-service/bin/serve.ts',
          cli: 'as-service/bin/cli.ts',
          worker: 'as-service/bin/worker.ts',
        },
        output: { format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
      },
    },
  });
  return { serve: join(folder, 'serve.mjs'), cli: join(folder, 'cli.mjs') };
}

export interface CommandLine {
  /** Runs a command that must succeed. Returns its standard output. */
  run(...args: string[]): Promise<string>;
  /** Runs a command that must succeed, with this standard input. Returns its standard output. */
  runWith(input: string, ...args: string[]): Promise<string>;
  /** Runs a command that must fail. Returns its standard error. */
  refusal(...args: string[]): Promise<string>;
}

/** The bundled command line for one data folder; each command is a process. */
export function commandLine(
  script: string,
  dataFolder: () => string,
  environment: Readonly<Record<string, string>> = {},
): CommandLine {
  const start = (args: string[]) =>
    run(process.execPath, [script, ...args], {
      env: { PATH: process.env.PATH ?? '', KEYFERRY_DATA: dataFolder(), ...environment },
    });
  return {
    run: async (...args) => (await start(args)).stdout,
    runWith: async (input, ...args) => {
      const started = start(args);
      started.child.stdin?.end(input);
      return (await started).stdout;
    },
    refusal: (...args) =>
      start(args).then(
        () => 'the command succeeded',
        (cause: { stderr: string }) => cause.stderr,
      ),
  };
}
