import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "./problem.ts";
import { respond } from "./responses.ts";

const FOLDER = join(import.meta.dir, "../../web/traces");

/** Returns the files of traces that come along with the playground. */
export function traceFiles(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".gz"));
}

/** The path of such a file. */
export const tracePath = (name: string): string => join(FOLDER, name);

/** @throws Problem if there is no such trace */
export async function traceResponse(name: string): Promise<Response> {
  if (!traceFiles().includes(name)) {
    throw new Problem(404, `there is no trace "${name}"; there are ${traceFiles().join(", ")}`);
  }
  return respond(await Bun.file(tracePath(name)).bytes(), "application/octet-stream");
}
