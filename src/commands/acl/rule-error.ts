/**
 * Why a rule cannot be applied, with Redis's text.
 *
 * - `unknown`: it names a command or category that does not exist.
 */
export class RuleError extends Error {
  readonly isUnknown: boolean;

  constructor(message: string, isUnknown = false) {
    super(message);
    this.isUnknown = isUnknown;
  }
}

export const UNKNOWN_COMMAND_OR_CATEGORY = "Unknown command or category name in ACL";
export const RULE_SYNTAX = "Syntax error";

/** Names and patterns of ACLs are texts of one character a byte. Redis allows no space and no zero in them. */
export function hasSpaces(text: string): boolean {
  return /[\s\0\v]/.test(text);
}
