/** One section of the origin's INFO. */
export interface OriginSection {
  /** The section's name, as the origin writes it: `Server`. */
  readonly name: string;
  /** The section's lines without the heading, each with its line end. */
  text: string;
}

export function readSections(text: string): OriginSection[] {
  const sections: OriginSection[] = [];
  for (const line of text.split("\r\n")) {
    if (line.startsWith("# ")) sections.push({ name: line.slice(2), text: "" });
    else if (line !== "") {
      const section = sections.at(-1);
      if (section !== undefined) section.text += `${line}\r\n`;
    }
  }
  return sections;
}

export function writeSections(sections: readonly OriginSection[]): string {
  return sections.map(({ name, text }) => `# ${name}\r\n${text}`).join("\r\n");
}

/** Replaces the value of a field, where it is. */
export function setField(sections: readonly OriginSection[], field: string, value: string): void {
  for (const section of sections) {
    section.text = section.text.replace(new RegExp(`^${field}:.*\r$`, "m"), `${field}:${value}\r`);
  }
}

/** Adds to a number of the origin's, if it has it. */
export function addToField(sections: readonly OriginSection[], field: string, count: number): void {
  if (count === 0) return;
  for (const section of sections) {
    section.text = section.text.replace(
      new RegExp(`^${field}:([0-9]+)\r$`, "m"),
      (_, value: string) => `${field}:${Number(value) + count}\r`,
    );
  }
}
