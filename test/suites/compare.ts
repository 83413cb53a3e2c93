/**
 * Runs somebody else's test suite against two addresses, a server asked directly and our proxy in front of one, and
 * prints which tests pass at the first and not at the second: `bin/bun test/suites/compare.ts --help`.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Address, SUITES, type Suite, type Verdict } from "./suites.ts";

const USAGE = `usage: bin/bun test/suites/compare.ts <suite> --checkout <folder> --direct <host:port> --through <host:port>
  <suite>             ${Object.keys(SUITES).join(", ")}
  --checkout <folder> where the suite's source lies, ready to be run
  --unit <name>       only these parts of it; may be given several times
  --before <command>  run by the shell before each part, to start fresh servers
  --in-turn           the two addresses one after the other, for tests that listen on ports of their own
  --limit <seconds>   for one part of the suite (300)
  --log <file>        what the suite printed`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    checkout: { type: "string" },
    direct: { type: "string" },
    through: { type: "string" },
    unit: { type: "string", multiple: true },
    before: { type: "string" },
    "in-turn": { type: "boolean", default: false },
    limit: { type: "string", default: "300" },
    log: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const suite = SUITES[positionals[0] ?? ""];
const { checkout, direct, through } = options;
if (
  options.help ||
  suite === undefined ||
  checkout === undefined ||
  direct === undefined ||
  through === undefined
) {
  console.error(USAGE);
  process.exit(options.help ? 0 : 2);
}
if (options.log !== undefined) writeFileSync(options.log, "");
const units = options.unit ?? (await suite.units(checkout));
let passedDirectly = 0;
let passedThrough = 0;
const differences: string[] = [];
for (const unit of units) {
  if (options.before !== undefined) Bun.spawnSync(["sh", "-c", options.before], { stdout: "ignore" });
  const first = run(suite, unit, direct);
  if (options["in-turn"]) await first;
  const [before, after] = await Promise.all([first, run(suite, unit, through)]);
  const lost: string[] = [];
  for (const [name, verdict] of before) {
    if (verdict !== "passed") continue;
    passedDirectly++;
    const other = after.get(name);
    if (other === "passed") passedThrough++;
    else lost.push(`  ${other ?? "never ran"}: ${name}`);
  }
  const gained = [...after].filter(
    ([name, verdict]) => verdict === "passed" && before.get(name) !== "passed",
  );
  console.log(
    `${unit}: ${before.size - lost.length} alike, ${lost.length} lost` +
      (gained.length > 0 ? `, ${gained.length} gained` : ""),
  );
  for (const line of lost) console.log(line);
  differences.push(...lost.map((line) => `${unit}${line}`));
}
console.log(`${passedDirectly} pass directly, ${passedThrough} of these through the proxy`);

async function run({ command, read }: Suite, unit: string, place: string): Promise<Map<string, Verdict>> {
  // A session of its own: its children end with it, and let go of its output.
  const child = Bun.spawn(["setsid", ...command({ checkout: checkout!, unit, address: addressOf(place) })], {
    cwd: checkout!,
    env: { ...process.env, ...suite!.environment?.(addressOf(place)) },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const timer = setTimeout(() => process.kill(-child.pid, "SIGKILL"), Number(options.limit) * 1000);
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  clearTimeout(timer);
  if (options.log !== undefined)
    appendFileSync(options.log, `== ${unit} at ${place}\n${output}\n${errors}\n`);
  return read(output);
}

function addressOf(place: string): Address {
  const [host, port] = place.split(":");
  return { host: host!, port: Number(port) };
}
