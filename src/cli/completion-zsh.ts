import { type Candidates, type CompletedOption, completedOptions, shellQuoted } from "./completion-table.ts";
import type { SubcommandOutline } from "./subcommand.ts";

/**
 * Returns the completion script of `glasscache` for zsh, with descriptions. It can be put into a directory of
 * `$fpath`, or sourced.
 */
export function zshCompletion(subcommands: readonly SubcommandOutline[]): string {
  const described = subcommands.map(({ name, summary }) =>
    shellQuoted(`${name}:${summary.replaceAll(":", "\\:")}`),
  );
  return `\
#compdef glasscache
# zsh completion for glasscache, printed by "glasscache completion zsh".

_glasscache() {
  local context state state_descr line
  typeset -A opt_args
  local -a subcommands
  subcommands=(
    ${described.join("\n    ")}
    'help:display help for a command'
  )
  _arguments -C \\
    '(-v --version)'{-v,--version}'[print the version]' \\
    '(-h --help)'{-h,--help}'[display help]' \\
    '1:command:->command' \\
    '*::argument:->argument' && return
  case $state in
    command) _describe command subcommands ;;
    argument)
      case $words[1] in
${subcommands.map(caseOf).join("\n")}
        help) _describe command subcommands ;;
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _glasscache ]]; then
  _glasscache "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _glasscache glasscache
fi
`;
}

function caseOf(subcommand: SubcommandOutline): string {
  const specifications = completedOptions(subcommand).map(optionSpecification);
  const { operands = "", operandValues = "unknown" } = subcommand;
  if (operands !== "") {
    const isOne = !operands.includes("...");
    const message = operands.replace(/[[\]<>.]/g, "");
    const action = actionOf(operandValues);
    specifications.push(
      shellQuoted(`${isOne || Array.isArray(operandValues) ? "1" : "*"}:${message}:${action}`),
    );
  }
  return `        ${subcommand.name})
          _arguments \\
            ${specifications.join(" \\\n            ")}
          ;;`;
}

/** Returns `'--engine=[description]:value:(lmdb memory)'`, or the form for several flags if there is a short one. */
function optionSpecification({ flags, description, placeholder, values }: CompletedOption): string {
  const isSwitch = placeholder === "";
  const text = `[${description.replace(/[\\[\]]/g, "\\$&")}]`;
  const value = isSwitch
    ? ""
    : `:${placeholder.replace(/[<>]/g, "").replaceAll(":", "\\:")}:${actionOf(values)}`;
  const flag = (name: string) => (isSwitch || !name.startsWith("--") ? name : `${name}=`);
  if (flags.length === 1) return shellQuoted(`${flag(flags[0]!)}${text}${value}`);
  return `${shellQuoted(`(${flags.join(" ")})`)}{${flags.map(flag).join(",")}}${shellQuoted(text + value)}`;
}

function actionOf(candidates: Candidates): string {
  if (candidates === "files") return "_files";
  if (candidates === "directories") return "_files -/";
  if (candidates === "unknown") return " ";
  if ("list" in candidates) return `_values -s , value ${candidates.list.join(" ")}`;
  return `(${candidates.join(" ")})`;
}
