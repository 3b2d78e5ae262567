import { TidingsError } from "../../src/sdk/index.ts";

/** The TidingsError that a call fails with. */
export async function failure(call: Promise<unknown>): Promise<TidingsError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TidingsError) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}
