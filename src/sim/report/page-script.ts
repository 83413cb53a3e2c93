/**
 * What the page does when it is used, as it stands in the page: pointing at a chart tells of the nearest dot and
 * fades the other lines; a click on a column's head sorts the table by it.
 */
export const PAGE_SCRIPT = `"use strict";
const tip = document.getElementById("tip");
const farthest = 60;
function mark(svg, policy) {
  svg.classList.toggle("pointed", policy !== null);
  for (const part of svg.querySelectorAll("[data-policy]")) {
    part.classList.toggle("near", part.dataset.policy === policy);
  }
}
function hide(svg) {
  tip.style.display = "none";
  mark(svg, null);
}
function tell(svg, dot, x, y) {
  const [policy, size, missed] = [dot.parentNode.dataset.policy, dot.dataset.size, dot.dataset.missed];
  mark(svg, policy);
  tip.replaceChildren(Object.assign(document.createElement("b"), { textContent: policy }), size + ": " + missed + " missed");
  tip.style.display = "block";
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(innerWidth - width - 4, x + 14)) + "px";
  tip.style.top = (y - height - 12 < 4 ? y + 16 : y - height - 12) + "px";
}
for (const svg of document.querySelectorAll(".charts svg")) {
  // The page has a tip of its own.
  for (const title of svg.querySelectorAll("circle title")) title.remove();
  const dots = [...svg.querySelectorAll("circle")];
  const point = (event) => {
    let nearest = null;
    let distance = farthest;
    for (const dot of dots) {
      const box = dot.getBoundingClientRect();
      const x = box.x + box.width / 2;
      const y = box.y + box.height / 2;
      const away = Math.hypot(x - event.clientX, y - event.clientY);
      if (away < distance) [nearest, distance] = [{ dot, x, y }, away];
    }
    if (nearest === null) hide(svg);
    else tell(svg, nearest.dot, nearest.x, nearest.y);
  };
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", () => hide(svg));
  for (const name of svg.querySelectorAll(".name")) {
    name.addEventListener("pointermove", (event) => {
      event.stopPropagation();
      tip.style.display = "none";
      mark(svg, name.dataset.policy);
    });
  }
}
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.firstChild.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const isText = head.classList.contains("text");
      const rows = [...table.tBodies[0].rows].sort((one, other) => {
        const order = isText ? value(one).localeCompare(value(other), "en", { numeric: true }) : value(one) - value(other);
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}
`;
