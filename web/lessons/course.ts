/** All lessons, in their order. A lesson's room is the folder of its name; its page is made of what is there. */
export const LESSONS = [
  { name: "scan", title: "A scan comes by", asks: "Why does one visitor empty some caches and not others?" },
] as const satisfies readonly Lesson[];

export type LessonName = (typeof LESSONS)[number]["name"];

interface Lesson {
  readonly name: string;
  readonly title: string;
  /** The question that it answers. */
  readonly asks: string;
}
