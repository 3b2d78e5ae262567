/**
 * Places in the log, and their text form. A life is a stretch of the log without a break. A store begins a
 * new life each time it is opened, because it may have lost its newest events.
 */

/** Letters that form no words, and no hexadecimal numbers. */
const LETTERS = "bcdfghjkmnpqrstv";
const WORD_LENGTH = 12;
/** The form of a place, as a regular expression that every language reads. */
export const PLACE_PATTERN: string = `^([${LETTERS}]{${WORD_LENGTH}})-(0|[1-9][0-9]{0,15})$`;
const PLACE = new RegExp(PLACE_PATTERN);

/** The form of earlier versions. An id of a publisher may look the same, such as the name of a container. */
const OLD_PLACE = /^([0-9a-f]{12})-(0|[1-9]\d{0,15})$/;

/** A place in the log: the word of a life, and a position in it. Position 0 is the beginning of that life. */
export interface Place {
  /** The word of the life. */
  readonly word: string;
  /** The position, from 1 on. */
  readonly position: number;
}

/** The place as a cursor: `word-position`. The ids that the hub gives have this form too. */
export function placeText({ word, position }: Place): string {
  return `${word}-${position}`;
}

/** The place that a cursor names, also in the form of earlier versions; undefined for any other text. */
export function parsePlace(text: string): Place | undefined {
  const [, word, digits] = PLACE.exec(text) ?? OLD_PLACE.exec(text) ?? [];
  const position = Number(digits);
  return word !== undefined && Number.isSafeInteger(position) ? { word, position } : undefined;
}

/** After a place: whoever comes back with it is still to be sent the current values. */
const OWED = ".current";

/** The cursor of a reader that begins at a place, and is yet to be sent the current values. */
export function owedCursor(place: string): string {
  return place + OWED;
}

/** The place in the cursor of a reader that is yet to be sent the current values; undefined for any other text. */
export function placeOwed(cursor: string): string | undefined {
  const place = cursor.endsWith(OWED) ? cursor.slice(0, -OWED.length) : "";
  return PLACE.test(place) ? place : undefined;
}

/** Whether the text has the form of a cursor of the hub's own. A publisher can't use such a text as an id. */
export function isPlaceText(text: string): boolean {
  return PLACE.test(text) || placeOwed(text) !== undefined;
}

/** A word for a new life: 48 random bits. It uses no clock, because a clock may jump. */
export function newWord(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(WORD_LENGTH));
  return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join("");
}
