import type { ComponentChildren } from "preact";
import type { LessonName } from "../lessons/course.ts";
import { LessonLink } from "./lesson-link.tsx";

export interface ViewProps {
  /** The anchor. */
  readonly id: string;
  readonly title: string;
  /** The question that the view answers. */
  readonly question: string;
  /** A note at the end of the heading, such as how much was sampled. */
  readonly note?: ComponentChildren;
  /** The lessons that explain it. */
  readonly lessons?: readonly LessonName[];
  readonly children: ComponentChildren;
}

/** A part of the page with a heading of its own. */
export function View({ id, title, question, note, lessons = [], children }: ViewProps) {
  return (
    <section class="view" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        <p class="question">{question}</p>
        {lessons.map((lesson) => (
          <LessonLink key={lesson} lesson={lesson} />
        ))}
        {note !== undefined && <p class="note">{note}</p>}
      </header>
      {children}
    </section>
  );
}

/** Says what is awaited, where there is nothing to show yet. */
export function Awaited({ children }: { readonly children: ComponentChildren }) {
  return <p class="prose awaited">{children}</p>;
}

/** How to read what stands above; open when all explanations are. */
export function HowToRead({ children }: { readonly children: ComponentChildren }) {
  return <p class="how">{children}</p>;
}
