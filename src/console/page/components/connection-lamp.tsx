import { useEffect, useState } from "preact/hooks";
import { connection, isLive, isLocked, reconnect, tick, tickedAt } from "../data/hub.ts";
import * as format from "../format.ts";

/** How the page's connection to the hub is, in a word. */
export function ConnectionLamp() {
  const { state } = connection.value;
  const [color, word] = {
    connecting: ["warn", "Connecting"],
    open: tick.value?.status.status === "stopping" ? ["warn", "Stopping"] : ["good", "Connected"],
    waiting: ["bad", "Reconnecting"],
    refused: isLocked.value ? ["warn", "Locked"] : ["bad", "Refused"],
  }[state] as [string, string];
  return (
    <p class="connection" role="status">
      <span class={`lamp ${color}`} />
      {word}
    </p>
  );
}

/** Says that what is shown is no longer true, since when, and what is done about it. */
export function StaleNotice() {
  const now = useNow();
  const state = connection.value;
  if (isLive.value || isLocked.value || tick.value === undefined) return null;
  const wait = state.state === "waiting" ? Math.ceil((state.retryAt - now) / 1000) : 0;
  return (
    <div class="stale-notice">
      <p>
        {state.state === "waiting"
          ? `${state.reason.charAt(0).toUpperCase()}${state.reason.slice(1)}. `
          : "Reconnecting to the hub. "}
        What you see is from {format.clock(tickedAt.value)}
        {wait > 0 ? `; trying again in ${wait} s.` : "; trying again now."}
      </p>
      <button type="button" class="button" onClick={reconnect}>
        Try now
      </button>
    </div>
  );
}

/** The time, in Unix ms, once a second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
