import { type Grant, OPEN } from "../auth/grant.ts";

/**
 * Finds out what the sender of a request may do. What it throws is the answer: a {@link Grant} for
 * nobody in particular is for a request without a credential.
 */
export type Access = (request: Request) => Grant | Promise<Grant>;

/** Everyone may do everything. */
export const openAccess: Access = () => OPEN;
