import { placer } from "./start.tsx";

/** The list of lessons is text alone. */
placer();
