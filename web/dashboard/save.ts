import { LIBRARY_PATH } from "../live/chart-library.ts";
import { type Dashboard, toBeSaved } from "../live/dashboard.ts";

/** Saves all that is shown, with its history, as one page that opens without the service. */
export async function savePage(dashboard: Dashboard): Promise<void> {
  const saved = toBeSaved(dashboard);
  if (saved === undefined) return;
  const charts = await (await fetch(LIBRARY_PATH)).text();
  const url = URL.createObjectURL(
    new Blob([savedHtml(JSON.stringify(saved), charts)], { type: "text/html" }),
  );
  const link = document.createElement("a");
  link.href = url;
  const time = new Date(saved.savedAtMs).toISOString().slice(0, 19).replaceAll(":", "-");
  link.download = `glasscache-${time}.html`;
  link.click();
  // The download has its own hold on the data by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function savedHtml(json: string, charts: string): string {
  const script = document.querySelector("script[type=module]")?.textContent ?? "";
  const style = document.querySelector("style")?.textContent ?? "";
  // Within a script element only `<` could end it or begin a comment.
  const data = json.replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>Glasscache, saved</title>
<style>${style}</style>
</head>
<body>
<script type="application/json" id="saved">${data}</script>
<script>${charts}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}
