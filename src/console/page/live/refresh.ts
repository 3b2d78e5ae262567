import { useEffect } from "preact/hooks";
import { isLive } from "../data/hub.ts";

/**
 * Asks the hub for something now, every so many ms while the page is seen, and at once when `key` has
 * changed. A hub that is away is not asked.
 */
export function useRefresh(load: () => Promise<void>, interval: number, key = ""): void {
  const live = isLive.value;
  useEffect(() => {
    if (!live) return;
    void load();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void load();
    }, interval);
    return () => clearInterval(timer);
  }, [live, key]);
}
