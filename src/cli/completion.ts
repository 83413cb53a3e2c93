import { bashCompletion } from "./completion-bash.ts";
import { zshCompletion } from "./completion-zsh.ts";
import { EXIT_DONE, UsageError } from "./exit.ts";
import { standardOutput } from "./standard-output.ts";
import { type Subcommand, subcommand } from "./subcommand.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion };

/** `glasscache completion`: prints a script that makes a shell complete subcommands, options and values. */
export function completion(loadAll: () => Promise<readonly Subcommand[]>): Subcommand {
  return subcommand({
    name: "completion",
    summary: "print the completions for bash or zsh",
    description: "Prints a script that makes bash or zsh complete subcommands, options and their values.",
    operands: "[shell]",
    operandValues: Object.keys(SHELLS),
    examples: [
      ["source <(glasscache completion bash)", "in ~/.bashrc; bash 3.2 (macOS): eval instead of source <(…)"],
      ["source <(glasscache completion zsh)", "in ~/.zshrc"],
      ["glasscache completion zsh > ~/.zfunc/_glasscache", "or as a file in a directory of $fpath"],
    ],
    settings: {},
    async run(_config, [shell]) {
      if (shell === undefined || !Object.hasOwn(SHELLS, shell)) {
        const what = shell === undefined ? "which shell?" : `there are no completions for "${shell}"`;
        throw new UsageError(`${what}; glasscache completion bash, or zsh`);
      }
      const outlines = (await loadAll()).map(({ outline }) => outline);
      standardOutput().write(SHELLS[shell as keyof typeof SHELLS](outlines));
      return EXIT_DONE;
    },
  });
}
