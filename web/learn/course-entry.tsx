import { LESSONS, type LessonName } from "../lessons/course.ts";
import type { Preset } from "./presets.ts";

/** Where other pages are; the page has been told when it was made. */
function linkOf(page: string): string | undefined {
  const links = JSON.parse(document.documentElement.dataset["links"] ?? "{}") as Record<string, string>;
  return links[page];
}

/** The way to the lessons, in their order. */
export function CourseEntry() {
  const known = LESSONS.filter(({ name }) => linkOf(`lesson-${name}`) !== undefined);
  if (known.length === 0) return null;
  return (
    <details class="course-entry">
      <summary>New to caches? {known.length} lessons, of five minutes each</summary>
      <ol>
        {known.map(({ name, title, asks }) => (
          <li key={name}>
            <a href={linkOf(`lesson-${name}`) ?? ""}>{title}</a> <span>{asks}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

/** The lessons that explain what happens with a workload. */
const LESSON_OF: Readonly<Record<string, LessonName>> = {
  "Regulars, and a scan": "scan",
  "Popular and rare keys": "too-small",
  "A hot spot that moves": "popularity",
  "Popularity that drifts": "popularity",
  "A loop, a little too large": "memory",
  "A scan alone": "cold-start",
  "All keys alike": "locality",
};

/** Leads to the lesson that explains a preset. */
export function PresetLesson({ preset: { name } }: { readonly preset: Preset }) {
  const lesson = LESSONS.find((each) => each.name === LESSON_OF[name]);
  const link = lesson && linkOf(`lesson-${lesson.name}`);
  if (link === undefined) return null;
  return <a href={link}>Lesson: {lesson!.title}</a>;
}
