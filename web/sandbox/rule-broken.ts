/** A rule of policies was broken. */
export class RuleBroken extends Error {}
