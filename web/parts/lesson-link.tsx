import { LESSONS, type LessonName } from "../lessons/course.ts";
import { useDashboard } from "../live/dashboard.ts";

/** Leads from a view of the dashboard to the lesson that explains it. A saved page leads nowhere. */
export function LessonLink({ lesson: name }: { readonly lesson: LessonName }) {
  const { api } = useDashboard();
  if (api.isSaved) return null;
  const { title } = LESSONS.find((lesson) => lesson.name === name)!;
  return (
    <a class="lesson-link" href={`/learn/${name}`}>
      Lesson: {title}
    </a>
  );
}
