/** The names of all trace formats, for completion: the formats themselves are loaded when they are needed. */
export const FORMAT_NAMES: readonly string[] = [
  ...["recording", "lcs", "vscsi", "oracleGeneral", "monitor", "access-log", "twitter", "w3c", "spc", "msr"],
  ...[
    "meta-kv",
    "meta-cdn",
    "wiki",
    "arc",
    "lirs",
    "csv",
    "keys",
    "bin32le",
    "bin32be",
    "bin64le",
    "bin64be",
  ],
];
