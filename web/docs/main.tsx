import { pagePlaces } from "../lesson/places.tsx";
import { ThemeSwitch } from "../parts/page-head.tsx";

/** A document is text alone; only its colours can be switched. */
pagePlaces()("tools", <ThemeSwitch />);
