/** The recording stands in the page, so that it can be replayed from a disk, too. */

const ID = "recording";

/** Writes a recording into a page's text. */
export function recordingText(bytes: Uint8Array): string {
  const parts: string[] = [];
  // String.fromCharCode takes a limited number of arguments.
  for (let at = 0; at < bytes.length; at += 8192)
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return `<template id="${ID}">${btoa(parts.join(""))}</template>`;
}

/** Reads it from the page. */
export function recordingIn(page: Document): Blob {
  const template = page.getElementById(ID) as HTMLTemplateElement;
  const text = atob(template.content.textContent);
  return new Blob([Uint8Array.from(text, (character) => character.charCodeAt(0))]);
}
