import { createContext } from "preact";

/** The hub's reasons by JSON Pointer into the event. */
export const FieldErrors = createContext<ReadonlyMap<string, string>>(new Map());

/** The id of the field at a pointer. */
export function fieldId(path: string): string {
  return `field${path}`;
}
