import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "./problem.ts";
import { respond } from "./responses.ts";

const FOLDER = join(import.meta.dir, "../../docs/images");

/** Returns the files of pictures that documents show. */
export function pictureFiles(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".png"));
}

/** The path of such a file. */
export const picturePath = (name: string): string => join(FOLDER, name);

/** @throws Problem if there is no such picture */
export async function pictureResponse(name: string): Promise<Response> {
  if (!pictureFiles().includes(name)) throw new Problem(404, `there is no picture "${name}"`);
  return respond(await Bun.file(picturePath(name)).bytes(), "image/png");
}
