import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

// The package's public interface as reports in tests/package/api, so that a change of it shows in the
// diff. After such a change, this writes them anew:
//
//   scripts/library && bun scripts/api-report.ts

const reports = "tests/package/api";

/** The declarations of what the package exports, by the name of the report. */
const declarations = {
  tidings: "dist/library/index.d.ts",
  events: "dist/library/events/builtin.d.ts",
  sdk: "dist/library/sdk/index.d.ts",
} as const;

/** The reports on dist/library, by the path of the file that should say the same. */
export async function apiReports(): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-api-"));
  try {
    const texts = new Map<string, string>();
    for (const [name, path] of Object.entries(declarations)) {
      report(name, resolve(path), folder);
      const file = `${name}.api.md`;
      texts.set(join(reports, file), await Bun.file(join(folder, file)).text());
    }
    return texts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(name: string, path: string, folder: string): void {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: resolve("."),
      mainEntryPointFilePath: path,
      // API Extractor brings a TypeScript of its own, to which declarations are all there is to read.
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "esnext",
            module: "preserve",
            lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
            types: ["bun-types"],
            skipLibCheck: true,
          },
          files: [path],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: folder,
        reportTempFolder: join(folder, "new"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages: {
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
          // All that is exported is public.
          "ae-missing-release-tag": { logLevel: ExtractorLogLevel.None },
        },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve("package.json"),
  });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      message.handled = true;
    },
  });
}

if (import.meta.main) {
  for (const [path, text] of await apiReports()) await Bun.write(path, text);
}
