/** All lessons, in their order. A lesson's room is the folder of its name; its page is made of what is there. */
export const LESSONS = [
  { name: "cold-start", title: "Cold start", asks: "Why is the first request always a miss?" },
  {
    name: "locality",
    title: "The same keys again",
    asks: "Where do hits come from, and what does a hit save?",
  },
  { name: "too-small", title: "Too small", asks: "Which entry has to leave when there is no room for all?" },
  { name: "scan", title: "A scan comes by", asks: "Why does one visitor empty some caches, and not others?" },
  {
    name: "popularity",
    title: "Popularity moves",
    asks: "When is it wrong to keep what was asked for most?",
  },
  { name: "optimum", title: "The best there could be", asks: "How many misses could no rule avoid?" },
  { name: "memory", title: "How much memory?", asks: "What would a larger cache gain you?" },
  {
    name: "time-to-live",
    title: "Time to live",
    asks: "What happens when everything expires in the same second?",
  },
  {
    name: "cold-key",
    title: "A thousand clients, one cold key",
    asks: "What does the store get when all miss at once?",
  },
  {
    name: "write-race",
    title: "Somebody writes",
    asks: "How does an old copy come to stay, and what ends it?",
  },
  { name: "cut-wire", title: "The wire is cut", asks: "How old can a copy be when no message comes?" },
  { name: "write-rules", title: "Pull the plug", asks: "What is lost when a cache loses its power?" },
  { name: "own-traffic", title: "Your own traffic", asks: "How do you choose a cache for your own system?" },
] as const satisfies readonly Lesson[];

export type LessonName = (typeof LESSONS)[number]["name"];

interface Lesson {
  readonly name: string;
  readonly title: string;
  /** The question that it answers. */
  readonly asks: string;
}
