/**
 * What the page does when it is used, as it stands in the page: pointing at a chart tells of the nearest result and
 * fades the other lines; a click on a column's head sorts the table by it.
 */
export const PAGE_SCRIPT = `"use strict";
const [tip, spot] = [document.getElementById("tip"), document.getElementById("spot")];
const farthest = 60;
function mark(svg, policy) {
  svg.classList.toggle("pointed", policy !== null);
  for (const part of svg.querySelectorAll("[data-policy]")) {
    part.classList.toggle("near", part.dataset.policy === policy);
  }
}
function hide(svg) {
  tip.style.display = spot.style.display = "none";
  mark(svg, null);
}
function placesOf(path) {
  return path.getAttribute("d").slice(1).replace("Z", "").split("L").map((place) => place.split(" ").map(Number));
}
function percent(hundredths) {
  return (hundredths / 100).toFixed(2) + "%";
}
// Lines and their points, in the coordinates of the line.
function linesOf(svg) {
  return [...svg.querySelectorAll(".policy")].map((group) => {
    const [line, band] = [group.querySelector(".line"), group.querySelector(".band")];
    const edge = band === null ? [] : placesOf(band);
    const { first, step } = line.dataset;
    const points =
      step === undefined
        ? [...group.querySelectorAll("circle")].map((dot) => {
            const [x, y] = [dot.cx.baseVal.value, dot.cy.baseVal.value];
            return { x, y, where: dot.dataset.size, missed: dot.dataset.missed };
          })
        : placesOf(line).map(([x, y], at) => {
            const where = "from record " + (Number(first) + x * step).toLocaleString("en");
            const range = band === null ? "" : "its windows: " + percent(edge.at(-1 - at)[1]) + " to " + percent(edge[at][1]);
            return { x, y, where, missed: percent(y), range };
          });
    return { policy: group.dataset.policy, line, points };
  });
}
function nearestOf(lines, event) {
  let nearest = null;
  let distance = farthest;
  for (const { policy, line, points } of lines) {
    const { a, d, e, f } = line.getScreenCTM();
    for (const point of points) {
      const [x, y] = [a * point.x + e, d * point.y + f];
      const away = Math.hypot(x - event.clientX, y - event.clientY);
      if (away < distance) [nearest, distance] = [{ policy, line, point, x, y }, away];
    }
  }
  return nearest;
}
function tell(svg, { policy, line, point, x, y }) {
  mark(svg, policy);
  Object.assign(spot.style, { display: "block", left: x + "px", top: y + "px", background: getComputedStyle(line).stroke });
  const head = Object.assign(document.createElement("b"), { textContent: policy });
  const range = Object.assign(document.createElement("div"), { textContent: point.range ?? "" });
  tip.replaceChildren(head, point.where + ": " + point.missed + " missed", range);
  tip.style.display = "block";
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(innerWidth - width - 4, x + 14)) + "px";
  tip.style.top = (y - height - 12 < 4 ? y + 16 : y - height - 12) + "px";
}
for (const svg of document.querySelectorAll(".charts svg")) {
  // The page has a tip of its own.
  for (const title of svg.querySelectorAll("circle title")) title.remove();
  let lines;
  const point = (event) => {
    lines ??= linesOf(svg);
    const nearest = nearestOf(lines, event);
    if (nearest === null) hide(svg);
    else tell(svg, nearest);
  };
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", () => hide(svg));
  for (const name of svg.querySelectorAll(".name")) {
    name.addEventListener("pointermove", (event) => {
      event.stopPropagation();
      hide(svg);
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
