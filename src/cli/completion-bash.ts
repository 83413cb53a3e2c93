import { type Candidates, type CompletedOption, completedOptions, shellQuoted } from "./completion-table.ts";
import type { SubcommandOutline } from "./subcommand.ts";

/** Returns the completion script of `glasscache` for bash 3.2 or later. */
export function bashCompletion(subcommands: readonly SubcommandOutline[]): string {
  const names = [...subcommands.map(({ name }) => name), "help", "-v", "--version", "-h", "--help"];
  return `\
# bash completion for glasscache, printed by "glasscache completion bash".

_glasscache_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

# The last of several words with commas between them.
_glasscache_list() {
  local before=
  [[ $cur == *,* ]] && before=\${cur%,*},
  COMPREPLY=($(compgen -P "$before" -W "$1" -- "\${cur##*,}"))
  compopt -o nospace 2>/dev/null
}

_glasscache_paths() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen "$1" -- "$cur"))
  compopt -o filenames 2>/dev/null
}

_glasscache() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at
  COMPREPLY=()
  # "--engine=lmdb" comes as three words.
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $prev == "=" ]] && ((COMP_CWORD > 1)); then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD == 1)); then
    _glasscache_words ${shellQuoted(names.join(" "))}
    return
  fi
  case \${COMP_WORDS[1]} in
${subcommands.map(caseOf).join("\n")}
    help) _glasscache_words ${shellQuoted(subcommands.map(({ name }) => name).join(" "))} ;;
  esac
}

complete -F _glasscache glasscache
`;
}

function caseOf(subcommand: SubcommandOutline): string {
  const options = completedOptions(subcommand);
  const lines = options
    .filter(({ placeholder }) => placeholder !== "")
    .map(({ flags, values }) => `        ${flags.join(" | ")}) ${completing(values)}; return ;;`);
  const flags = options.flatMap((option) => option.flags);
  const { operandValues = "unknown" } = subcommand;
  const ofValues = lines.length === 0 ? "" : `      case $prev in\n${lines.join("\n")}\n      esac\n`;
  return `    ${subcommand.name})
${ofValues}      if [[ $cur == -* ]]; then
        _glasscache_words ${shellQuoted(flags.join(" "))}
      else
${Array.isArray(operandValues) ? operandIsFirst(options) : ""}        ${completing(operandValues)}
      fi
      ;;`;
}

/** Completes words only as the first operand: the words after a command are its arguments. */
function operandIsFirst(options: readonly CompletedOption[]): string {
  const taking = options.filter(({ placeholder }) => placeholder !== "").flatMap(({ flags }) => flags);
  const skipsValue =
    taking.length === 0
      ? ""
      : `            ${taking.join(" | ")})
              [[ \${COMP_WORDS[at+1]} == "=" ]] && ((at++))
              ((at++)) ;;
`;
  return `        for ((at = 2; at < COMP_CWORD; at++)); do
          case \${COMP_WORDS[at]} in
${skipsValue}            -*) ;;
            *) return ;;
          esac
        done
`;
}

function completing(candidates: Candidates): string {
  if (candidates === "files") return "_glasscache_paths -f";
  if (candidates === "directories") return "_glasscache_paths -d";
  if (candidates === "unknown") return ":";
  if ("list" in candidates) return `_glasscache_list ${shellQuoted(candidates.list.join(" "))}`;
  return `_glasscache_words ${shellQuoted(candidates.join(" "))}`;
}
