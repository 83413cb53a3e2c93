import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linked, type PageName, pageFile, SITE_LINKS } from "../../src/admin/page.ts";
import { bundlePage } from "../../src/admin/page-bundle.ts";
import { pictureFiles, picturePath } from "../../src/admin/pictures.ts";
import { traceFiles, tracePath } from "../../src/admin/traces.ts";

/** Bundlers that run at the same time. */
const AT_ONCE = 4;

/** Writes pages as files beside one another, all of them by default, and the traces and pictures that they show. */
export async function writeSite(
  directory: string,
  names: readonly PageName[] = Object.keys(SITE_LINKS) as PageName[],
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const waiting = [...names];
  const shown = new Set<string>();
  const write = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const html = pageFile(linked(await bundlePage(name), SITE_LINKS));
      for (const [, picture] of html.matchAll(/<img [^>]*src="images\/([^"]+)"/g)) shown.add(picture!);
      writeFileSync(join(directory, SITE_LINKS[name]!), html);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, write));
  copy(traceFiles(), tracePath, join(directory, "traces"));
  copy(
    pictureFiles().filter((name) => shown.has(name)),
    picturePath,
    join(directory, "images"),
  );
}

function copy(files: readonly string[], pathOf: (file: string) => string, directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const file of files) copyFileSync(pathOf(file), join(directory, file));
}
