import { COMMAND_FACTS, SUBCOMMAND_FACTS } from "../command-facts.ts";
import { CATEGORIES, type CommandFacts } from "../facts.ts";
import { RULE_SYNTAX, RuleError, UNKNOWN_COMMAND_OR_CATEGORY } from "./rule-error.ts";

/** One rule behind `+@all` or `-@all`. */
interface Rule {
  readonly allows: boolean;
  /** Without its sign, in lower case: `get`, `config|get`, `@read`, `select|0`. */
  readonly text: string;
  /** `+select|0` allows a command with this first argument alone. */
  readonly firstArgument: string | undefined;
}

/** Whether a command is allowed; if not, the first arguments with which it is. */
interface Verdict {
  readonly isAllowed: boolean;
  readonly firstArguments: readonly string[];
}

/**
 * Names of modules' commands have a dot, by convention. The tables do not have them, so that rules may name any. Those
 * of the proxy's own are in the tables.
 */
const MODULE_COMMAND = /^(?!glass\.)[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/;

/**
 * Which commands somebody may run: `+@all -@dangerous +config|get`. Of all rules that are about a command, the last
 * holds.
 */
export class CommandRules {
  #allowsAll = false;
  #rules: Rule[] = [];
  readonly #verdicts = new Map<CommandFacts, Verdict>();

  /** Whether every command is allowed, also those that do not exist yet. */
  get isAll(): boolean {
    return this.#allowsAll && this.#rules.every(({ allows }) => allows);
  }

  /** `allcommands` or `nocommands`. */
  setAll(allows: boolean): void {
    this.#allowsAll = allows;
    this.#rules = [];
    this.#verdicts.clear();
  }

  /**
   * Adds a rule: `+get`, `-config|set`, `+@read`, `+select|0`.
   * @throws RuleError if it names no command or category, or asks for what cannot be had
   */
  apply(rule: string): void {
    const allows = rule[0] === "+";
    const name = rule.slice(1).toLowerCase();
    if (name === "@all") {
      this.setAll(allows);
      return;
    }
    const isCategory = name.startsWith("@");
    const isKnown = isCategory ? CATEGORIES.includes(name.slice(1)) : isCommand(name);
    const firstArgument = isKnown ? undefined : firstArgumentOf(name, allows);
    this.#add({ allows, text: name, firstArgument });
  }

  #add(rule: Rule): void {
    // A rule about a command replaces the same one, and those about its subcommands and first arguments.
    this.#rules = this.#rules.filter(({ text }) => text !== rule.text && !text.startsWith(`${rule.text}|`));
    this.#rules.push(rule);
    this.#verdicts.clear();
  }

  /** @param firstArgument the request's argument behind the command and its subcommand; undefined: it has none */
  allows(facts: CommandFacts, firstArgument: () => string | undefined): boolean {
    let verdict = this.#verdicts.get(facts);
    if (verdict === undefined) {
      verdict = this.#judge(facts);
      this.#verdicts.set(facts, verdict);
    }
    if (verdict.isAllowed || verdict.firstArguments.length === 0) return verdict.isAllowed;
    const given = firstArgument()?.toLowerCase();
    return given !== undefined && verdict.firstArguments.includes(given);
  }

  #judge(facts: CommandFacts): Verdict {
    let isAllowed = this.#allowsAll;
    let firstArguments: string[] = [];
    for (const { allows, text, firstArgument } of this.#rules) {
      if (firstArgument !== undefined) {
        if (text === `${facts.name}|${firstArgument}`) firstArguments.push(firstArgument);
      } else if (isAbout(text, facts)) {
        isAllowed = allows;
        firstArguments = [];
      }
    }
    return { isAllowed, firstArguments };
  }

  /** As ACL LIST shows it. */
  get text(): string {
    const rules = this.#rules.map(({ allows, text }) => ` ${allows ? "+" : "-"}${text}`);
    return `${this.#allowsAll ? "+" : "-"}@all${rules.join("")}`;
  }

  copy(): CommandRules {
    const copy = new CommandRules();
    copy.#allowsAll = this.#allowsAll;
    copy.#rules = [...this.#rules];
    return copy;
  }
}

function isCommand(name: string): boolean {
  return COMMAND_FACTS.has(name) || MODULE_COMMAND.test(name);
}

/** Reads `select|0`. @throws RuleError */
function firstArgumentOf(name: string, allows: boolean): string {
  const [command, argument, ...more] = name.split("|");
  const isContainer = SUBCOMMAND_FACTS.has(command!);
  const isSubcommand = more.length === 1 && COMMAND_FACTS.has(`${command}|${argument}`);
  if (allows && isSubcommand) throw new RuleError("Allowing first-arg of a subcommand is not supported");
  if (argument === undefined || more.length > 0 || !isCommand(command!) || !allows) {
    throw new RuleError(UNKNOWN_COMMAND_OR_CATEGORY, true);
  }
  if (argument === "") throw new RuleError(RULE_SYNTAX);
  if (isContainer) throw new RuleError(UNKNOWN_COMMAND_OR_CATEGORY, true);
  return argument;
}

/** A rule about a command or a category is also about the subcommands of its commands. */
function isAbout(text: string, { name, categories }: CommandFacts): boolean {
  if (text === name) return true;
  const bar = name.indexOf("|");
  const container = bar < 0 ? undefined : name.slice(0, bar);
  if (!text.startsWith("@")) return text === container;
  if (categories.includes(text)) return true;
  return container !== undefined && COMMAND_FACTS.get(container)!.categories.includes(text);
}
