import { VERSION } from "../lib/version.ts";
import { EXIT_DONE } from "./exit.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";

export const version = subcommand({
  name: "version",
  summary: "print the version",
  description: "Prints the version, as --version does.",
  examples: [],
  settings: {},
  async run() {
    standardOutput().write(`${VERSION}\n`);
    return EXIT_DONE;
  },
});
