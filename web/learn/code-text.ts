/** What keys do to text in the editor: pure. */

/** Text in place of a range, and what is selected then. */
export interface TextChange {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly selectFrom: number;
  readonly selectTo: number;
}

const STEP = "  ";

/** A tab within a line is two spaces; over several lines, or backwards, it moves whole lines. */
export function indented(text: string, from: number, to: number, isBack: boolean): TextChange {
  if (!isBack && !text.slice(from, to).includes("\n")) {
    const after = from + STEP.length;
    return { from, to, text: STEP, selectFrom: after, selectTo: after };
  }
  const first = text.lastIndexOf("\n", from - 1) + 1;
  // A line of which nothing is selected stays as it is.
  const end = text.indexOf("\n", to > from && text[to - 1] === "\n" ? to - 1 : to);
  const last = end < 0 ? text.length : end;
  const lines = text.slice(first, last).split("\n");
  const moved = lines.map((line) =>
    isBack ? line.replace(/^ {1,2}|^\t/, "") : line === "" ? "" : STEP + line,
  );
  const change = moved.join("\n");
  const firstBy = moved[0]!.length - lines[0]!.length;
  const allBy = change.length - (last - first);
  return {
    ...{ from: first, to: last, text: change },
    selectFrom: Math.max(first, from + firstBy),
    selectTo: Math.max(first, to + allBy),
  };
}

/** A new line begins as the one before, and deeper after a bracket that is open. */
export function newLine(text: string, from: number, to: number): TextChange {
  const line = text.slice(text.lastIndexOf("\n", from - 1) + 1, from);
  const [indent] = /^[ \t]*/.exec(line)!;
  const deeper = /[{[(]\s*$/.test(line) ? STEP : "";
  const added = `\n${indent}${deeper}`;
  return { from, to, text: added, selectFrom: from + added.length, selectTo: from + added.length };
}

/** Where a line begins and ends. @param line from 1 */
export function lineRange(text: string, line: number): readonly [from: number, to: number] {
  let from = 0;
  for (let n = 1; n < line; n++) {
    const end = text.indexOf("\n", from);
    if (end < 0) break;
    from = end + 1;
  }
  const end = text.indexOf("\n", from);
  return [from, end < 0 ? text.length : end];
}

export function lineCount(text: string): number {
  return text.split("\n").length;
}
