/** Text that pages of lessons are made of. Links to other pages are written `page:NAME`. */

/** The head of a page, with links to the others. */
export function headText(): string {
  return `<header class="head">
<p class="brand"><svg viewBox="0 0 26 26" aria-hidden="true"><path d="M1 6h9M1 11h9M1 16h9M18 20h7"/><rect x="11.5" y="1.5" width="5" height="23" rx="1.5"/></svg>Glasscache</p>
<nav aria-label="Pages"><a href="page:lessons">Lessons</a><a href="page:learn">Playground</a><a href="page:dashboard">Dashboard</a></nav>
<div class="tools" id="tools"></div>
</header>`;
}

export function prose(...paragraphs: readonly string[]): string {
  return paragraphs.map((text) => `<p class="prose">${text}</p>`).join("\n");
}

/** A letter is a regular, anything else a stranger. */
export function tileText(name: string): string {
  return `<i class="tile${/^[A-Z]$/.test(name) ? " warm-3" : ""}">${name}</i>`;
}

/** Says what the tiles of a lesson stand for. */
export function castText(cast: readonly (readonly [name: string, says: string])[]): string {
  const items = cast.map(([name, says]) => `<li>${tileText(name)}<span>${says}</span></li>`);
  return `<ul class="cast">${items.join("")}</ul>`;
}

/** Requests in boxes, each with what it was. */
export function boxesText(requests: readonly { readonly name: string; readonly isHit: boolean }[]): string {
  const boxes = requests.map(({ name, isHit }) => {
    const [word, mark] = isHit ? ["hit", "|"] : ["miss", "#"];
    return `<i class="${word}">${name}<b>${mark}</b><span class="hidden">${word}</span></i>`;
  });
  return `<p class="boxes">${boxes.join("")}</p>`;
}

/** A part of what a run told: a heading, boxes, and why. */
export function toldText(
  title: string,
  requests: readonly { readonly name: string; readonly isHit: boolean }[],
  why: string,
): string {
  return `<div><h3>${title}</h3>${boxesText(requests)}<p class="prose">${why}</p></div>`;
}

/** A table of figures, open until a script shows them otherwise. */
export function tableText(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (number | string)[])[],
): string {
  const head = heads.map((text) => `<th scope="col" class="number">${text}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td class="number">${cell}</td>`).join("")}</tr>`);
  return `<details class="behind" open><summary>As a table</summary><table><caption class="hidden">${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></details>`;
}
