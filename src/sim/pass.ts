/** Some runs read a trace twice, first to measure it. */
export type Pass = "measuring" | "simulating";
