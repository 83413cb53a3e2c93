/**
 * The page's script, as it is in the page. Pointing at a chart shows the nearest result and all others at the same
 * place, and fades the other lines. A click on a name hides or shows its line. A click on a column's head sorts the
 * table. Folded parts are printed, too.
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
// The lines of a chart and their points, in the coordinates of the line.
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
    return { policy: group.dataset.policy, group, line, points };
  });
}
function nearestOf(lines, event) {
  let nearest = null;
  let distance = farthest;
  for (const { policy, group, line, points } of lines) {
    if (group.classList.contains("off")) continue;
    const { a, d, e, f } = line.getScreenCTM();
    for (const point of points) {
      const [x, y] = [a * point.x + e, d * point.y + f];
      const away = Math.hypot(x - event.clientX, y - event.clientY);
      if (away < distance) [nearest, distance] = [{ policy, line, point, x, y }, away];
    }
  }
  return nearest;
}
function tell(svg, lines, { policy, line, point, x, y }) {
  mark(svg, policy);
  Object.assign(spot.style, { display: "block", left: x + "px", top: y + "px", background: getComputedStyle(line).stroke });
  const make = (tag, textContent) => Object.assign(document.createElement(tag), { textContent });
  const list = document.createElement("ol");
  const there = lines
    .filter(({ group }) => !group.classList.contains("off"))
    .flatMap((other) => other.points.filter(({ where }) => where === point.where).map(({ missed }) => [other.policy, missed]))
    .sort(([, one], [, other]) => parseFloat(one) - parseFloat(other));
  for (const [name, missed] of there) {
    const item = make("li", "");
    if (name === policy) item.className = "near";
    item.append(make("span", name), make("span", missed));
    list.append(item);
  }
  tip.replaceChildren(make("b", point.where + ", missed"), list, make("div", point.range ?? ""));
  tip.style.display = "block";
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(innerWidth - width - 4, x + 14)) + "px";
  tip.style.top = Math.max(4, Math.min(innerHeight - height - 4, y - height - 12 < 4 ? y + 16 : y - height - 12)) + "px";
}
// Hides or shows a line in all charts of the page.
function toggle(policy) {
  for (const part of document.querySelectorAll(".charts [data-policy]")) {
    if (part.dataset.policy !== policy) continue;
    const isOff = part.classList.toggle("off");
    if (part.classList.contains("name")) part.setAttribute("aria-pressed", String(!isOff));
  }
}
for (const svg of document.querySelectorAll(".charts svg")) {
  // The page shows its own tooltip instead.
  for (const title of svg.querySelectorAll("circle title")) title.remove();
  let lines;
  const point = (event) => {
    lines ??= linesOf(svg);
    const nearest = nearestOf(lines, event);
    if (nearest === null) hide(svg);
    else tell(svg, lines, nearest);
  };
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", () => hide(svg));
  for (const name of svg.querySelectorAll(".name")) {
    name.setAttribute("role", "button");
    name.setAttribute("tabindex", "0");
    name.setAttribute("aria-pressed", "true");
    name.addEventListener("click", () => toggle(name.dataset.policy));
    name.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle(name.dataset.policy);
    });
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
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
`;
