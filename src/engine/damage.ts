import { StorageError } from "./engine.ts";

/** A part of a data directory that was on disk and cannot be read. */
export interface Damage {
  /** Name in the directory. */
  readonly file: string;
  /** Offset of the damage in the file, in bytes; undefined when it concerns the whole file. */
  readonly at: number | undefined;
  /** What is wrong there, and what is lost. */
  readonly what: string;
}

/** The data directory is damaged. Nothing in it has been changed. */
export class DamageError extends StorageError {
  override name = "DamageError";
  readonly damages: readonly Damage[];

  constructor(directory: string, damages: readonly Damage[]) {
    const lines = damages.map((damage) => `  ${damageText(damage)}`);
    super(
      `the data directory ${directory} is damaged:\n${lines.join("\n")}\n` +
        "Nothing has been changed. If there is a backup, restore the whole directory from it. To go on with the readable " +
        `part, start once with --recover: it keeps the damaged files under the name FILE${COPY_SUFFIX}TIME, reads ` +
        "every whole frame of the journal, before and behind the damage, and serves the result.",
    );
    this.damages = damages;
  }
}

/** Describes a damage in one line: `journal-odd, byte 5120: …`. */
export function damageText({ file, at, what }: Damage): string {
  return at === undefined ? `${file}: ${what}` : `${file}, byte ${at}: ${what}`;
}

/** Returns the name that a damaged file gets when it is set aside. */
export function copyName(file: string, nowMs: number): string {
  return `${file}${COPY_SUFFIX}${new Date(nowMs).toISOString().replaceAll(":", "-")}`;
}

const COPY_SUFFIX = ".damaged-";
