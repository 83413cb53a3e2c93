import { ChannelPatterns } from "./channel-patterns.ts";
import { CommandRules } from "./command-rules.ts";
import { KeyPatterns } from "./key-patterns.ts";
import { RULE_SYNTAX, RuleError } from "./rule-error.ts";

/** One set of permissions: commands, on keys and channels. A request needs one selector that allows all of it. */
export class Selector {
  readonly commands: CommandRules;
  readonly keys: KeyPatterns;
  readonly channels: ChannelPatterns;

  constructor(commands = new CommandRules(), keys = new KeyPatterns(), channels = new ChannelPatterns()) {
    this.commands = commands;
    this.keys = keys;
    this.channels = channels;
  }

  /** Reads `(+get ~app:*)`. @throws RuleError */
  static read(text: string): Selector {
    const selector = new Selector();
    for (const rule of text.slice(1, -1).split(/\s+/)) if (rule !== "") selector.apply(rule);
    return selector;
  }

  /** Whether it allows everything. */
  get isAll(): boolean {
    return this.commands.isAll && this.keys.isAll && this.channels.isAll;
  }

  /** Applies one rule about commands, keys or channels. @throws RuleError */
  apply(rule: string): void {
    const word = rule.toLowerCase();
    if (word === "allkeys" || word === "~*") this.keys.setAll(true);
    else if (word === "resetkeys") this.keys.setAll(false);
    else if (word === "allchannels" || word === "&*") this.channels.setAll(true);
    else if (word === "resetchannels") this.channels.setAll(false);
    else if (word === "allcommands") this.commands.setAll(true);
    else if (word === "nocommands") this.commands.setAll(false);
    else if (word.startsWith("~") || word.startsWith("%")) this.keys.add(rule);
    else if (word.startsWith("&")) this.channels.add(rule);
    else if (word.startsWith("+") || word.startsWith("-")) this.commands.apply(rule);
    else throw new RuleError(RULE_SYNTAX);
  }

  /** As ACL LIST shows it. */
  get text(): string {
    const keys = this.keys.text;
    const channels = this.channels.isAll ? "&*" : `resetchannels ${this.channels.text}`.trimEnd();
    return `${keys === "" ? "" : `${keys} `}${channels} ${this.commands.text}`;
  }

  copy(): Selector {
    return new Selector(this.commands.copy(), this.keys.copy(), this.channels.copy());
  }
}
