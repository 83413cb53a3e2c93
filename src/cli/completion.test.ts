/** The output of `glasscache completion`, run in the shells themselves. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { cleanEnvironment, runGlasscache } from "../../test/support/command-line.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { requireProgram } from "../../test/support/requirements.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

const zsh = requireProgram("zsh");
const scripts: Record<string, string> = {};

beforeAll(async () => {
  for (const shell of ["bash", "zsh"]) {
    const { code, stdout, stderr } = await runGlasscache(["completion", shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    scripts[shell] = stdout;
  }
});

test("which shell, and which there are", async () => {
  const message = (start: string) => `glasscache completion: ${start}; glasscache completion bash, or zsh\n`;
  expect(await runGlasscache(["completion"])).toEqual({
    code: 2,
    stdout: "",
    stderr: message("which shell?"),
  });
  expect((await runGlasscache(["completion", "fish"])).stderr).toBe(
    message('there are no completions for "fish"'),
  );
});

test("every option of every help is in both", async () => {
  const all = (await runGlasscache(["--help"])).stdout;
  const names = [...all.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name!);
  expect(names).toContain("completion");
  for (const name of names.filter((one) => one !== "help")) {
    const { stdout } = await runGlasscache([name, "--help"]);
    const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option!);
    expect(options).toContain("--version");
    const ofShells = Object.values(scripts).map((script) =>
      script.slice(script.indexOf(`\n${script.includes("#compdef") ? "        " : "    "}${name})\n`)),
    );
    for (const script of ofShells) for (const option of options) expect(script).toContain(option);
  }
});

describe("bash", () => {
  /** Returns the completions of the last word; `--engine=x` is three words to bash. */
  function completed(...words: string[]): string[] {
    const quoted = ["glasscache", ...words].map((word) => `'${word}'`).join(" ");
    const program = `${scripts["bash"]}
      COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _glasscache; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = Bun.spawnSync(["bash", "--norc", "-c", program], { env: cleanEnvironment() });
    expect(stderr.toString()).toBe("");
    return stdout.toString().split("\n").filter(Boolean);
  }

  test.each([
    [["s"], ["server", "simulate"]],
    [["--v"], ["--version"]],
    [["server", "--eng"], ["--engine"]],
    [
      ["server", "--engine", ""],
      ["lmdb", "memory"],
    ],
    [["server", "--engine", "=", "m"], ["memory"]],
    [
      ["server", "--engine", "="],
      ["lmdb", "memory"],
    ],
    [["proxy", "--port", ""], []],
    [["proxy", "--log-level", "d"], ["debug"]],
    [["proxy", "--policy", "s3"], ["s3-fifo"]],
    [["client", "GLASS.E"], ["GLASS.EXPLAIN"]],
    [
      ["client", "GLASS.H"],
      ["GLASS.HEALTH", "GLASS.HOTKEYS"],
    ],
    [["simulate", "--policy", "siev"], ["sieve"]],
    [["simulate", "--policy", "lru,siev"], ["lru,sieve"]],
    [["simulate", "--policy", "=", "lru,2q,hyp"], ["lru,2q,hyperbolic"]],
    [["simulate", "--format", "acc"], ["access-log"]],
    [["client", "-p", "1", "--json", "MG"], ["MGET"]],
    [["client", "--port", "=", "1", "MG"], ["MGET"]],
    [["client", "GET", ""], []],
    [["client", "GET", "a", "--js"], ["--json"]],
    [
      ["completion", ""],
      ["bash", "zsh"],
    ],
    [["simulate", "package.js"], ["package.json"]],
    [["server", "--data", "sr"], ["src"]],
    [["help", "d"], ["demo"]],
  ])("%p", (words, expected) => {
    expect(completed(...words)).toEqual(expected);
  });
});

describe.skipIf(!zsh.available)(zsh.title("zsh"), () => {
  /**
   * Types lines into one zsh, each followed by Tab.
   * @returns the completed lines
   */
  async function completed(lines: readonly string[]): Promise<string[]> {
    const program = `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; source $SCRIPT; unsetopt BEEP; bindkey "^X" echo-line'
      zpty -w shell 'echo-line() { print -r -- "<<$BUFFER>>"; BUFFER=; }; zle -N echo-line; echo be""gun'
      zpty -r shell seen '*begun*'
      for typed in "$@"; do
        zpty -n -w shell "$typed"$'\\t'
        zpty -n -w shell $'\\x18'
        zpty -r shell seen '*<<*>>*'
        print -r -- "$seen"
      done
      zpty -d shell`;
    using directory = new TemporaryDirectory();
    const path = join(directory.path, "completion.zsh");
    await Bun.write(path, scripts["zsh"]!);
    const child = Bun.spawn([zsh.path, "-f", "-c", program, "zsh", ...lines], {
      env: cleanEnvironment({ SCRIPT: path, TERM: "xterm" }),
      stdout: "pipe",
    });
    return [...(await child.stdout.text()).matchAll(/<<(.*)>>/g)].map(([, line]) => line!);
  }

  test("completes subcommands, options, values, operands and files", async () => {
    const lines = [
      ["glasscache serv", "glasscache server "],
      ["glasscache server --engi", "glasscache server --engine="],
      ["glasscache server --engine=m", "glasscache server --engine=memory "],
      ["glasscache client GLASS.E", "glasscache client GLASS.EXPLAIN "],
      ["glasscache client --js", "glasscache client --json "],
      ["glasscache client GLASS.HO", "glasscache client GLASS.HOTKEYS "],
      // A space or the return key removes the last comma.
      ["glasscache simulate --policy=siev", "glasscache simulate --policy=sieve,"],
      ["glasscache simulate --policy=lru,siev", "glasscache simulate --policy=lru,sieve,"],
      ["glasscache simulate --format=acc", "glasscache simulate --format=access-log "],
      ["glasscache completion z", "glasscache completion zsh "],
      ["glasscache simulate package.js", "glasscache simulate package.json "],
    ];
    const found = await completed(lines.map(([typed]) => typed!));
    expect(found).toEqual(lines.map(([, expected]) => expected!));
  });
});
