import type { JSX } from "preact";

// One stroke, on a grid of 16.
const paths = {
  live: "M1.5 8h3l2-5 3 10 2-5h3",
  publish: "M14 2 7 9M14 2 9.5 14l-2.5-5-5-2.5z",
  dashboard: "M2 2h5v6H2zM9 2h5v3.5H9zM2 10.5h5V14H2zM9 8h5v6H9z",
  subscribe: "M3 13a0 0 0 0 1 0 0M3 8a5 5 0 0 1 5 5M3 3a10 10 0 0 1 10 10",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 3v10l8-5z",
  close: "m4 4 8 8M12 4l-8 8",
  copy: "M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3",
  check: "m3 8.5 3.5 3.5L13 4.5",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9m3.200-1.300L14 14",
  trash: "M2.5 4.5h11M6 4V2.5h4V4M4 4.5l.7 9h6.600l.7-9",
  plus: "M8 3v10M3 8h10",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.100 1.100M11.900 11.900 13 13M13 3l-1.100 1.100M4.100 11.900 3 13",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7",
  auto: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12M8 5.5h5.300M8 8.5h6M8 11.5h4.5",
  up: "m4 10 4-4 4 4",
  down: "m4 6 4 4 4-4",
  bell: "M4 11V7a4 4 0 0 1 8 0v4l1 1.5H3zM6.5 14.5h3",
  leave: "M6.5 2.5h-4v11h4M10.5 5 13.5 8l-3 3M13.5 8H6",
  link: "M6.5 3.5h-3v9h9v-3M9 2.5h4.5V7M13 3 7.5 8.5",
} as const;

export type IconName = keyof typeof paths;

/** A small drawing beside a word, or in a button that has a name of its own. */
export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
