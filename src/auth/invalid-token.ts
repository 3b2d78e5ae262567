/** The credential is not, or no longer, good. The message says why, for the one who showed it. */
export class InvalidToken extends Error {
  override readonly name = "InvalidToken";
}
