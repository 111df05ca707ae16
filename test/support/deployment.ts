// A web server that serves a released build from a folder. A test can change its answers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStaticFiles } from '#as-service/http/static-files.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { digestOf } from '#protocol/release/build-files.ts';
import { digestsIn, namedBuild, signRelease } from './release.ts';
import { type Answer, ResponseServer } from './response-server.ts';
import { makeFolder } from './site-folder.ts';

export const INDEX = '<!doctype html><style>p{}</style><script type="module" src="./assets/a-AbCd1234.js"></script>';
export const SCRIPT = 'let a = 1;';

/** Returns the files of a build by their path. `more` are further files of the page. */
function buildOf(more: Readonly<Record<string, string>>): Record<string, string> {
  const page = { 'assets/a-AbCd1234.js': SCRIPT, 'index.html': INDEX, ...more };
  const digests = Object.entries(page).map(([name, text]) => [name, digestOf(utf8(text))] as const);
  const { worker, list } = namedBuild(Object.fromEntries(digests), { code: 'x();\n' });
  const all = { ...page, 'service-worker.js': worker, 'build.json': list };
  const inApp = Object.entries(all).map(([name, text]) => [`app/${name}`, text] as const);
  return { ...Object.fromEntries(inApp), 'demo/demo.html': '<!doctype html><p>Demo</p>' };
}

export class TestDeployment {
  /** The build. A test may change its files before serveBuild(). */
  readonly folder: string;
  readonly server: ResponseServer;
  /** Text of the signed statement. */
  release = '';

  private constructor(folder: string, server: ResponseServer) {
    this.folder = folder;
    this.server = server;
  }

  /** @param more files of the page besides those of every build, by path */
  static async start(more: Readonly<Record<string, string>> = {}): Promise<TestDeployment> {
    const folder = await mkdtemp(join(tmpdir(), 'kf-verify-'));
    await makeFolder(folder, buildOf(more));
    const deployment = new TestDeployment(folder, await ResponseServer.start());
    deployment.release = await signRelease(digestsIn(folder, ['app', 'demo']));
    await deployment.serveBuild();
    return deployment;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true });
  }

  /** Serves the folder as the service does. */
  async serveBuild(demo = false): Promise<void> {
    const files = await loadStaticFiles(this.folder, demo);
    this.server.answer = (path, request) => files.answer(path, request);
  }

  /** Changes the answers for one path. */
  change(path: string, answer: (original: Response, request: Headers) => ReturnType<Answer>): void {
    const original = this.server.answer;
    this.server.answer = async (asked, request) => {
      const response = await original(asked, request);
      return asked === path && response !== undefined ? answer(response, request) : response;
    };
  }
}
