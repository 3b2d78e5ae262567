/**
 * Places in the log, and their text form. A life is the time in which one log goes on without a
 * break: a store begins a new one each time it is opened, since it may have lost its newest events.
 */

/** Letters that make no word of any language, and no hash or id in hexadecimal. */
const LETTERS = "bcdfghjkmnpqrstv";
const WORD_LENGTH = 12;
const PLACE = new RegExp(`^([${LETTERS}]{${WORD_LENGTH}})-(0|[1-9]\\d{0,15})$`);

/** As the first versions wrote it. A publisher's id may well look so: the name of a container does. */
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

/** The place that a cursor names; undefined for a text that is no place. Words of old files count too. */
export function parsePlace(text: string): Place | undefined {
  const [, word, digits] = PLACE.exec(text) ?? OLD_PLACE.exec(text) ?? [];
  const position = Number(digits);
  return word !== undefined && Number.isSafeInteger(position) ? { word, position } : undefined;
}

/** Whether the text has the form of a place. A publisher can't use such a text as an id. */
export function isPlaceText(text: string): boolean {
  return PLACE.test(text);
}

/** A word for a new life: 48 random bits. No clock is asked, so one that jumps changes nothing. */
export function newWord(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(WORD_LENGTH));
  return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join("");
}
