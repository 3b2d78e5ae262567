/**
 * The sources of the version before, which a hub is upgraded from: the path of their main.ts, or undefined where
 * they are not to be had. `scripts/test` unpacks them for the tests that import this module.
 */
export const previous: string | undefined = process.env["TIDINGS_TEST_PREVIOUS"] || undefined;

if (previous === undefined) console.log("No version before to be had: upgrades from it are not tried.");
