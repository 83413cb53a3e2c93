/**
 * Writes the static site: `bin/bun packages/site/build.ts [directory]`, by default `site`. Its pages need no server;
 * any web host serves them, under any path, and they open from a disk.
 */
import { join } from "node:path";
import { writeSite } from "./site.ts";

const directory = process.argv[2] ?? join(import.meta.dir, "../../site");
await writeSite(directory);
console.log(`The first page: ${join(directory, "index.html")}`);
