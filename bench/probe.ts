import { fileURLToPath } from "node:url";
import { TemporaryDirectory } from "../test/support/program.ts";
import type { Probe } from "./targets.ts";

/** A script that a measured program loads before its own, and the file that the script writes to. */
export class Probing {
  readonly #directory = new TemporaryDirectory();
  readonly file: string = `${this.#directory.path}/probe`;
  readonly environment: Probe;

  /**
   * @param script beside this file
   * @param options environment variables for the runtime
   */
  constructor(script: string, options: Probe = {}) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.environment = { BUN_OPTIONS: `--preload ${path}`, BENCH_PROBE_FILE: this.file, ...options };
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}
