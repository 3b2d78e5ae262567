import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../../src/sdk/index.ts", import.meta.url));

test("the SDK for a browser is under 6 KiB, gzipped, and holds nothing of the server", async () => {
  const { outputs, metafile } = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    minify: true,
    metafile: true,
  });
  const [bundle, ...others] = outputs;
  if (!bundle || !metafile) throw new Error("nothing was built");
  expect(others).toEqual([]);

  const foreign = Object.keys(metafile.inputs).filter(
    (path) => !/(src\/(sdk|protocol)|\/eventsource-parser)\//.test(path),
  );
  expect(foreign).toEqual([]);
  const bytes = Bun.gzipSync(await bundle.arrayBuffer()).length;
  expect(bytes).toBeLessThan(6 * 1024);
  console.log(`tidings/sdk: ${bytes} bytes minified and gzipped`);
});
