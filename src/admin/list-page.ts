import { createHash } from "node:crypto";
import type { Route } from "./call.ts";
import { respond, STRICT_POLICY } from "./responses.ts";

const STYLE = `
:root { color-scheme: light dark; --text: #1c2733; --soft: #566472; --line: #d8dee5; --back: #f6f8fa; --accent: #0a6aa6 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4eaf0; --soft: #9aa8b6; --line: #2c3946; --back: #10171e; --accent: #63b7ee }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem 4rem }
h1 { margin: 0; font-size: 1.75rem; letter-spacing: -0.02em }
p { margin: 0.25rem 0 2rem; color: var(--soft) }
dl { margin: 0; border-top: 1px solid var(--line) }
dl > div { padding: 0.85rem 0; border-bottom: 1px solid var(--line) }
dt { font-family: ui-monospace, monospace; font-size: 0.9rem; overflow-wrap: anywhere }
dd { margin: 0.15rem 0 0; color: var(--soft) }
a { color: var(--accent); text-underline-offset: 0.2em }
`;

const POLICY = `${STRICT_POLICY}; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

/** The page at `/api`: the endpoints, with a sentence about each. It has no scripts. */
export function listResponse(service: string, routes: readonly Route[]): Response {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glasscache ${escaped(service)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Glasscache ${escaped(service)}</h1>
<p>What this ${escaped(service)} tells about itself.</p>
<dl>
${routes.map(entry).join("\n")}
</dl>
</main>
</body>
</html>
`;
  return respond(html, "text/html; charset=utf-8", { headers: { "content-security-policy": POLICY } });
}

function entry({ path, methods, shown, summary }: Route): string {
  const isLink = methods.GET !== undefined && !path.endsWith("/");
  const name = isLink ? `<a href="${escaped(path)}">${escaped(shown)}</a>` : escaped(shown);
  return `<div><dt>${name}</dt><dd>${escaped(summary)}</dd></div>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
