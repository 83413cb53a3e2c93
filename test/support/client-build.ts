import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** Builds the client library as it is published and installs it in `directory`, as npm would. @throws Error */
export async function installClientLibrary(directory: string): Promise<void> {
  const installed = join(directory, "node_modules/glasscache");
  const build = [process.execPath, join(ROOT, "packages/client/build.ts"), join(installed, "dist")];
  const { exitCode, stdout, stderr } = Bun.spawnSync(build, { cwd: ROOT });
  if (exitCode !== 0) throw new Error(`${build.join(" ")}\n${stdout}${stderr}`);
  await Bun.write(join(installed, "package.json"), Bun.file(join(ROOT, "package.json")));
  await Bun.write(join(directory, "package.json"), '{ "type": "module" }');
}

/** Runs one of the project's own tools. @throws Error with what it printed when it fails */
export function runTool([name = "", ...args]: readonly string[], cwd: string): void {
  const command = [join(ROOT, "node_modules/.bin", name), ...args];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}\n${stdout}${stderr}`);
}
