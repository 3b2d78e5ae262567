/** Stands before the time at which an event was published, and nowhere else in what a hub sends. */
export const MARK = "~".charCodeAt(0);
/** How many characters the time has. */
export const TIME_LENGTH = 17;

/** Milliseconds since 1970, to the microsecond, by a clock that all processes share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** The data of an event, as JSON of that many bytes or a few more. */
export function eventData(bytes: number): string {
  const time = now().toFixed(3).padStart(TIME_LENGTH, "0");
  const start = `{"path":"~${time}","badge":"`;
  return `${start}${"x".repeat(Math.max(0, bytes - start.length - 2))}"}`;
}

/** The name of a topic, which needs no escape in a URL. */
export function topicName(index: number): string {
  return `topic-${index}`;
}
