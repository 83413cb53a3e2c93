/** Which folders are mutated. A folder that is renamed or moved is renamed here. */
export interface Room {
  readonly name: string;
  /** Below the repository, with everything in them. */
  readonly folders: readonly string[];
}

/** Each room gets an equal part of the mutations. */
export const ROOMS: readonly Room[] = [
  { name: "store", folders: ["src/store", "src/policy"] },
  { name: "proxy", folders: ["src/proxy", "src/coherence"] },
  { name: "upstream", folders: ["src/upstream"] },
  { name: "engine", folders: ["src/engine"] },
  { name: "protocol", folders: ["src/protocol"] },
  { name: "net", folders: ["src/net", "src/commands"] },
];

/** Tests and what only tests use. */
const NOT_PRODUCTION = /(?:\.test|-fixture|-model|-conformance|-stress)\.ts$/;

/** The production files of a room, relative to the repository, sorted. */
export function filesOf(root: string, room: Room): string[] {
  return room.folders
    .flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.ts`).scanSync({ cwd: root })])
    .filter((path) => !NOT_PRODUCTION.test(path))
    .sort();
}
