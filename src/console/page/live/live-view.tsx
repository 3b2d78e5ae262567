import { events } from "../data/event-list.ts";
import { topicRates, typeRates } from "../data/rates.ts";
import { ClientsPanel } from "./clients-panel.tsx";
import { CurrentPanel } from "./current-panel.tsx";
import { FigureCards } from "./figure-cards.tsx";
import { NodesPanel } from "./nodes-panel.tsx";
import { publishers, publishersOf, refreshPublishers } from "./publishers.ts";
import { PublishersPanel } from "./publishers-panel.tsx";
import { RatesPanel } from "./rates-panel.tsx";
import { ReadersPanel } from "./readers-panel.tsx";
import { useRefresh } from "./refresh.ts";
import { StorePanel } from "./store-panel.tsx";
import { StreamPanel } from "./stream-panel.tsx";

/** How often the hub is asked who publishes what, in ms. */
const PUBLISHERS_INTERVAL_MS = 3000;

/** What happens on the hub right now. */
export function LiveView() {
  const { type, topic } = events.filter.value;
  useRefresh(refreshPublishers, PUBLISHERS_INTERVAL_MS);
  return (
    <>
      <h1 class="visually-hidden">Live</h1>
      <FigureCards />
      <div class="live">
        <StreamPanel />
        <div class="live-side">
          <RatesPanel
            title="Types"
            rates={typeRates}
            current={type}
            empty="Types show here as events come."
            noteOf={(name) => publishersOf(publishers.value, name)}
            onPick={(name) => events.setFilter({ type: name })}
          />
          <RatesPanel
            title="Topics"
            rates={topicRates}
            current={topic}
            empty="Topics show here as events come."
            onPick={(name) => events.setFilter({ topic: name })}
          />
          <ReadersPanel />
          <PublishersPanel />
          <StorePanel />
        </div>
        <NodesPanel />
        <ClientsPanel />
        <CurrentPanel />
      </div>
    </>
  );
}
