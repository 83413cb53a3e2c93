import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Page } from "./page.ts";

/** The program that a process of its own runs, so that the bundler's memory goes back to the system. */
const BUNDLER = join(import.meta.dir, "dashboard-bundler.ts");

/**
 * Bundles the dashboard from its sources with the runtime's bundler. Takes some 100 ms.
 * @throws Error with the bundler's messages
 */
export async function bundleDashboard(): Promise<Page> {
  const bundler = Bun.spawn([process.execPath, BUNDLER], {
    cwd: import.meta.dir,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, messages, code] = await Promise.all([
    new Response(bundler.stdout).text(),
    new Response(bundler.stderr).text(),
    bundler.exited,
  ]);
  if (code !== 0) throw new Error(`the dashboard cannot be bundled: ${messages.trim()}`);
  const { script, style, library } = JSON.parse(output) as { script: string; style: string; library: string };
  return { html: pageHtml(script, style), library, scriptSource: source(script), styleSource: source(style) };
}

function pageHtml(script: string, style: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glasscache</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 26 26'%3E%3Cpath d='M2 6h8M2 11h8M2 16h8M18 20h6' stroke='%230a8f82' stroke-width='2.6'/%3E%3Crect x='11.5' y='1.5' width='5' height='23' rx='1.5' fill='none' stroke='%236b7b78' stroke-width='2'/%3E%3C/svg%3E">
<style>${style}</style>
</head>
<body>
<noscript>This page needs JavaScript. <code>glasscache top</code> shows the same at a terminal, <code>/api/</code> lists the figures for scripts.</noscript>
<script type="module">${script}</script>
</body>
</html>
`;
}

function source(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
