/**
 * Writes the static site: `bin/bun packages/site/build.ts [directory]`, by default `site`. Its pages need no server;
 * any web host serves them, and they open from a disk.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linked, type PageName, pageFile, SITE_LINKS } from "../../src/admin/page.ts";
import { bundlePage } from "../../src/admin/page-bundle.ts";
import { traceFiles, tracePath } from "../../src/admin/traces.ts";

const directory = process.argv[2] ?? join(import.meta.dir, "../../site");
mkdirSync(directory, { recursive: true });
for (const [name, file] of Object.entries(SITE_LINKS)) {
  writeFileSync(join(directory, file), pageFile(linked(await bundlePage(name as PageName), SITE_LINKS)));
}
mkdirSync(join(directory, "traces"), { recursive: true });
for (const file of traceFiles()) copyFileSync(tracePath(file), join(directory, "traces", file));
console.log(`The playground: ${join(directory, SITE_LINKS.learn!)}`);
