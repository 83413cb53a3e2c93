/**
 * Writes the static site: `bin/bun packages/site/build.ts [directory]`, by default `site`. Its pages need no server;
 * any web host serves them, and they open from a disk.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pageFile } from "../../src/admin/page.ts";
import { bundlePage } from "../../src/admin/page-bundle.ts";

const directory = process.argv[2] ?? join(import.meta.dir, "../../site");
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, "index.html"), pageFile(await bundlePage("learn")));
console.log(`The playground: ${join(directory, "index.html")}`);
