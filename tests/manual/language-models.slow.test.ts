import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  EventType,
  resumeServerSentEventsResponse,
  type StreamChunk,
  type StreamDurability,
  toServerSentEventsResponse,
} from "@tanstack/ai";
import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { startConfigured } from "../configured.ts";
import { defer } from "../defer.ts";
import { until } from "../until.ts";
import { bundle, openFile, writeRecipe } from "./recipe.ts";

const WORDS = Array.from({ length: 40 }, (_, i) => `word${i} `);
const ANSWER = WORDS.join("");
const PAGE = "language-models";

/** A model that says the words, each when the test lets it. */
const MODEL = `
  import { MockLanguageModelV4 } from "ai/test";
  const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0, text: 1, reasoning: 0 };
  async function* parts() {
    yield { type: "stream-start", warnings: [] };
    yield { type: "text-start", id: "1" };
    for (const [i, delta] of ${JSON.stringify(WORDS)}.entries()) {
      await globalThis.mayBeSaid(i);
      yield { type: "text-delta", id: "1", delta };
    }
    yield { type: "text-end", id: "1" };
    const usage = { inputTokens: tokens, outputTokens: tokens };
    yield { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage };
  }
  export const model = new MockLanguageModelV4({
    doStream: async () => {
      const all = parts();
      return {
        stream: new ReadableStream({
          async pull(stream) {
            const { done, value } = await all.next();
            if (done) stream.close();
            else stream.enqueue(value);
          },
        }),
      };
    },
  });
`;

/** Renders the chat, and keeps the messages as a server would: the question, when the page is loaded again. */
const MAIN = `
  import { createRoot } from "react-dom/client";
  import { Chat } from "./chat";
  const asked = location.hash === "#asked";
  const question = { id: "q", role: "user", parts: [{ type: "text", text: "Why?" }] };
  const root = document.body.appendChild(document.createElement("div"));
  createRoot(root).render(<Chat id="1" saved={asked ? [question] : []} />);
`;

/** The recipe's server and page, and a hub. */
async function startChat() {
  let said = 0;
  const wakes: (() => void)[] = [];
  const mayBeSaid = async (index: number): Promise<void> => {
    while (index >= said) await new Promise<void>((resolve) => wakes.push(resolve));
  };
  Object.assign(globalThis, { mayBeSaid });
  const app = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("not yet") });
  defer(() => app.stop(true));
  const origin = app.url.origin;
  const { url, broker } = await startConfigured(["--cors-origin", origin]);
  process.env["HUB_URL"] = url;
  const folder = await writeRecipe(PAGE, { "model.ts": MODEL, "main.tsx": MAIN });
  const { POST } = (await import(join(folder, "server.ts"))) as {
    POST: (request: Request) => Promise<Response>;
  };
  const script = (await bundle(folder, "main.tsx")).replaceAll("http://127.0.0.1:3000", url);
  app.reload({
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/api/chat") return POST(request);
      if (pathname === "/main.js")
        return new Response(script, { headers: { "content-type": "text/javascript" } });
      const html =
        '<!doctype html><meta charset="utf-8"><body><script type="module" src="/main.js"></script>';
      return new Response(html, { headers: { "content-type": "text/html" } });
    },
  });
  return {
    origin,
    url,
    broker,
    folder,
    /** The model says so many words in all. */
    say(count: number): void {
      said = count;
      for (const wake of wakes.splice(0)) wake();
    },
  };
}

test.skipIf(browserless)(
  "useChat reads an answer from the hub, over lost connections and a reload, and is over at its end",
  async () => {
    const { origin, url, broker, say } = await startChat();
    const page = await openPage(origin);
    const shown = () => page.evaluate("document.querySelector('.assistant')?.textContent ?? ''");
    const isReady = () => page.evaluate("document.querySelector('button')?.disabled === false");
    await until(isReady);
    await page.click("button");
    say(10);
    await until(async () => (await shown()) === WORDS.slice(0, 10).join(""));
    expect(await isReady()).toBeFalse();
    // The hub ends the stream in mid-answer, as for a drain.
    const [client] = broker.clients;
    await fetch(`${url}/clients/${client?.id}`, { method: "DELETE" });
    say(20);
    await until(async () => (await shown()) === WORDS.slice(0, 20).join(""));
    // The page is loaded again.
    await page.goto(`${origin}/#asked`);
    await page.reload();
    await until(async () => (await shown()) === WORDS.slice(0, 20).join(""));
    // The stream of the page before may be closed after that.
    await until(() => broker.clientCount === 1);
    say(WORDS.length);
    await until(async () => (await shown()) === ANSWER && (await isReady()) === true);
    await until(() => broker.clientCount === 0);
    expect(await page.evaluate("document.querySelectorAll('p').length")).toBe(2);
    // A page that is opened later has all of the answer, and no stream.
    await page.reload();
    await until(async () => (await shown()) === ANSWER && (await isReady()) === true);
    expect(broker.clientCount).toBe(0);
  },
  BROWSER_TIMEOUT,
);

test.skipIf(browserless)(
  "an EventSource reads an answer, goes on in the middle of it, and stays away at its end",
  async () => {
    const { origin, url, broker, folder, say } = await startChat();
    const ask = { id: "2", messages: [{ id: "q", role: "user", parts: [{ type: "text", text: "Why?" }] }] };
    const asked = await fetch(`${origin}/api/chat`, { method: "POST", body: JSON.stringify(ask) });
    const { topic } = (await asked.json()) as { topic: string };
    const page = await openFile(url, join(folder, "answer.html"), `?topic=${encodeURIComponent(topic)}`);
    const shown = () => page.evaluate("document.querySelector('#answer').textContent");
    say(10);
    await until(async () => (await shown()) === WORDS.slice(0, 10).join(""));
    const [client] = broker.clients;
    await fetch(`${url}/clients/${client?.id}`, { method: "DELETE" });
    say(WORDS.length);
    await until(async () => (await shown()) === ANSWER);
    await until(() => broker.clientCount === 0);
  },
  BROWSER_TIMEOUT,
);

test("TanStack AI resumes a run from the hub, after a chunk or from the start, and it ends", async () => {
  const { url } = await startConfigured([]);
  process.env["HUB_URL"] = url;
  const folder = await writeRecipe(PAGE, { "model.ts": MODEL });
  const { tidingsStream } = (await import(join(folder, "durability.ts"))) as {
    tidingsStream: (request: Request) => StreamDurability;
  };
  const content = (i: number): StreamChunk => ({
    type: EventType.TEXT_MESSAGE_CONTENT,
    messageId: "m",
    delta: WORDS[i] ?? "",
  });
  const said = Promise.withResolvers<void>();
  async function* run(): AsyncGenerator<StreamChunk> {
    yield { type: EventType.RUN_STARTED, runId: "run 1", threadId: "t" };
    for (let i = 0; i < 10; i++) yield content(i);
    await said.promise;
    for (let i = 10; i < WORDS.length; i++) yield content(i);
    yield { type: EventType.RUN_FINISHED, runId: "run 1", threadId: "t" };
  }
  const first = new Request("http://app/run?runId=run+1", { method: "POST" });
  const answer = toServerSentEventsResponse(run(), {
    durability: { adapter: tidingsStream(first), batch: 1 },
  });
  // Its reader loses the connection in the middle of the answer; the run goes on.
  const begun: EventSourceMessage[] = [];
  for await (const event of eventsOf(answer)) {
    begun.push(event);
    if (begun.length === 5) break;
  }
  const resume = (headers: Record<string, string>, query = "") =>
    eventsOf(
      resumeServerSentEventsResponse({
        adapter: tidingsStream(new Request(`http://app/run${query}`, { headers })),
      }),
    );
  const rest = Array.fromAsync(resume({ "last-event-id": begun.at(-1)?.id ?? "" }));
  const all = Array.fromAsync(resume({}, "?runId=run+1&offset=-1"));
  said.resolve();
  const words = (events: readonly EventSourceMessage[]) =>
    events.map(({ data }) => (JSON.parse(data) as { delta?: string }).delta ?? "").join("");
  expect(words([...begun, ...(await rest)])).toBe(ANSWER);
  expect(words(await all)).toBe(ANSWER);
  const snapshot = await tidingsStream(first).snapshot();
  expect(snapshot.map(({ offset }) => offset)).toEqual((await all).map(({ id }) => id ?? ""));
});

async function* eventsOf(answer: Response): AsyncGenerator<EventSourceMessage> {
  const text = answer.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const event of text ?? []) yield event;
}
