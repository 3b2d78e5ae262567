import { expect, test } from "bun:test";
import { apiReports } from "../../scripts/api-report.ts";
// For what it has built.
import "../e2e/binary.ts";

test("the public interface is what the reports say; scripts/api-report.ts writes them anew", async () => {
  const reports = await apiReports();
  for (const [path, text] of reports) {
    expect(text, path).toBe(await Bun.file(path).text());
    const complaints = text.split("\n").filter((line) => /\((ae-|tsdoc-)/.test(line) && !isKnown(line));
    expect(complaints, path).toEqual([]);
  }
}, 120_000);

/**
 * The members of the stores are documented where their interface is. What is named last are values of
 * which only the types are exported.
 */
function isKnown(line: string): boolean {
  return (
    /-store\.d\.ts:.*ae-undocumented|ae-undocumented.*"name"/.test(line) ||
    /ae-forgotten-export.*"(builtinEvents|PROBLEM_TITLES)"/.test(line)
  );
}
