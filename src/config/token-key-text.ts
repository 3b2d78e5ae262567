import { readVerifyingKey } from "../auth/read-key.ts";
import { KeyError, type VerifyingKey } from "../auth/verifying-key.ts";
import { ConfigError } from "./config-error.ts";

/**
 * Reads a key that verifies tokens.
 *
 * @param where the key comes from, which begins the message
 * @throws ConfigError
 */
export function parseTokenKey(where: string, text: string): VerifyingKey {
  try {
    return readVerifyingKey(text);
  } catch (error) {
    throw error instanceof KeyError ? new ConfigError(`${where} ${error.message}`) : error;
  }
}
