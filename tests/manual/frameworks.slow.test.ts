import { test } from "bun:test";
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { compile, compileModule } from "svelte/compiler";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { startHub } from "../hub.ts";
import { until } from "../until.ts";
import { bundle, openFile, writeRecipe } from "./recipe.ts";

const EVENTS = `
  import { Type } from "@sinclair/typebox";
  export default { reading: Type.Object({ celsius: Type.Number() }), alarm: Type.String() };
`;
const REACT = `
  import { createRoot } from "react-dom/client";
  import { Rooms } from "./rooms.react";
  createRoot(document.body.appendChild(document.createElement("div"))).render(<Rooms />);
`;
const VUE = `
  import { createApp, h, ref } from "vue";
  import { useCurrent, useEvents } from "./use-hub.vue";
  createApp({
    setup() {
      const alarms = ref<string[]>([]);
      const { values, connection } = useCurrent("reading", ["rooms/*"]);
      useEvents(["alarm"], ["rooms/*"], ({ data }) => alarms.value.push(data.toUpperCase()));
      const celsius = () => Object.entries(values.value).map(([topic, { celsius }]) => topic + "=" + celsius.toFixed(1));
      return () => h("p", [connection.value, ...celsius(), ...alarms.value].join(" "));
    },
  }).mount(document.body.appendChild(document.createElement("div")));
`;
const SVELTE_APP = `
  <script lang="ts">
    import { useCurrent, useEvents } from "./use-hub.svelte.ts";
    let alarms = $state<string[]>([]);
    const readings = useCurrent("reading", ["rooms/*"]);
    useEvents(["alarm"], ["rooms/*"], ({ data }) => alarms.push(data.toUpperCase()));
    const celsius = $derived(Object.entries(readings.values).map(([topic, { celsius }]) => topic + "=" + celsius.toFixed(1)));
  </script>
  <p>{[readings.connection, ...celsius, ...alarms].join(" ")}</p>
`;
const SVELTE = `
  import { mount } from "svelte";
  import App from "./App.svelte";
  mount(App, { target: document.body });
`;

/** Compiles what is Svelte's. */
const svelte: BunPlugin = {
  name: "svelte",
  setup(build) {
    build.onLoad({ filter: /\.svelte$/ }, async ({ path }) => ({
      contents: compile(await Bun.file(path).text(), { generate: "client" }).js.code,
      loader: "js",
    }));
    build.onLoad({ filter: /\.svelte\.ts$/ }, async ({ path }) => {
      const script = new Bun.Transpiler({ loader: "ts" }).transformSync(await Bun.file(path).text());
      return { contents: compileModule(script, { generate: "client" }).js.code, loader: "js" };
    });
  },
};

test.skipIf(browserless).each([
  ["React", "main.tsx"],
  ["Vue", "vue.ts"],
  ["Svelte", "svelte.ts"],
])(
  "in %s, a page begins with the current values, follows them, and knows how its connection is",
  async (_, entry) => {
    const { url, broker } = startHub();
    const reading = (topic: string, celsius: number) =>
      broker.publish({ type: "reading", data: { celsius }, topic, retain: true });
    await reading("rooms/1", 20);
    await reading("rooms/2", 21);
    const folder = await writeRecipe("frameworks", {
      "events.ts": EVENTS,
      "main.tsx": REACT,
      "vue.ts": VUE,
      "svelte.ts": SVELTE,
      "App.svelte": SVELTE_APP,
      "index.html": '<!doctype html><body><script type="module" src="/main.js"></script>',
    });
    await Bun.write(join(folder, "main.js"), await bundle(folder, entry, [svelte]));
    const page = await openFile(url, join(folder, "index.html"));
    // All that it shows is noted: that it connects is over in a moment.
    await page.evaluate(`
      globalThis.shown = new Set();
      const note = () => shown.add(document.querySelector("p")?.textContent);
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
      note();`);
    const shows = (text: string) => until(() => page.evaluate(`shown.has(${JSON.stringify(text)})`));
    await shows("open rooms/1=20.0 rooms/2=21.0");
    await until(() => broker.clientCount === 2);
    await reading("rooms/2", 22);
    await broker.publish({ type: "alarm", data: "fire", topic: "rooms/2" });
    await shows("open rooms/1=20.0 rooms/2=22.0 FIRE");
    // The hub is away for a moment, and a value changes meanwhile.
    for (const { id } of [...broker.clients]) broker.removeClient(id);
    await shows("connecting rooms/1=20.0 rooms/2=22.0 FIRE");
    await reading("rooms/1", 19);
    await shows("open rooms/1=19.0 rooms/2=22.0 FIRE");
    await until(() => broker.clientCount === 2);
  },
  BROWSER_TIMEOUT,
);
