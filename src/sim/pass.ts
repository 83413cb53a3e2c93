/** Some runs read a trace twice: first for what must be known beforehand. */
export type Pass = "measuring" | "simulating";
