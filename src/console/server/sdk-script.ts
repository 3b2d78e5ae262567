import { bundleSdk } from "./sdk-bundle.ts" with { type: "macro" };

/** The SDK as one module of JavaScript, for a page without a bundler. */
export const sdkScript: string = bundleSdk();
