import { basename } from "node:path";
import { type Asset, toAsset } from "../../http/answer/asset.ts";
import page from "../page/index.html";

/** The page's files. */
export interface Assets {
  readonly html: Asset;
  /** Scripts, styles and icons, by the name under which the page asks for them. It holds their hash. */
  readonly files: ReadonlyMap<string, Asset>;
}

interface BuiltFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

let assets: Promise<Assets> | undefined;

/** The page's files, made ready at the first call. `folder` is where the page asks for its other files. */
export function loadAssets(folder: string): Promise<Assets> {
  assets ??= prepare(folder);
  return assets;
}

async function prepare(folder: string): Promise<Assets> {
  const built = await builtFiles();
  const files = new Map<string, Asset>();
  let html: Asset | undefined;
  for (const { path, bytes } of built) {
    if (path.endsWith(".html")) html = toAsset(Bun.file(path).type, relink(bytes, folder));
    else files.set(basename(path), toAsset(Bun.file(path).type, bytes));
  }
  if (!html) throw new Error("the console was bundled without its page");
  return { html, files };
}

/** In the executable they are inside it, bundled; from the sources they are bundled now. */
async function builtFiles(): Promise<BuiltFile[]> {
  if (page.files) {
    return Promise.all(page.files.map(async ({ path }) => ({ path, bytes: await Bun.file(path).bytes() })));
  }
  const { outputs } = await Bun.build({
    entrypoints: [page.index],
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return Promise.all(
    outputs.map(async (output) => ({ path: output.path, bytes: new Uint8Array(await output.arrayBuffer()) })),
  );
}

/**
 * Points the page's links into the folder, as relative ones: the hub does not know below which path
 * a proxy shows it.
 */
function relink(html: Uint8Array, folder: string): Uint8Array<ArrayBuffer> {
  const rewritten = new HTMLRewriter()
    .on("link[href], script[src]", {
      element(element) {
        const name = element.tagName === "script" ? "src" : "href";
        element.setAttribute(name, `${folder}/${basename(element.getAttribute(name) ?? "")}`);
        // Credentials go along with requests of its own origin either way.
        element.removeAttribute("crossorigin");
      },
    })
    .transform(new TextDecoder().decode(html));
  return new TextEncoder().encode(rewritten);
}

let script: Promise<Asset> | undefined;

/** The SDK for pages, made ready at the first call. */
export function loadSdkScript(): Promise<Asset> {
  // From the sources it is bundled when it is imported, which most programs need not wait for.
  script ??= import("./sdk-script.ts").then(({ sdkScript }) =>
    toAsset(Bun.file("sdk.js").type, new TextEncoder().encode(sdkScript)),
  );
  return script;
}
