import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { events, type ListedEvent } from "../data/event-list.ts";
import * as format from "../format.ts";

/** As the style sheet has it, in px. */
const ROW_HEIGHT = { wide: 34, narrow: 56 };
// The bundler words `width < 48rem` as `max-width: 48rem`, which is one pixel more.
const NARROW_SCREEN = "(max-width: 47.99rem)";
/** How many rows a narrow screen shows until more are asked for. */
const FIRST_ROWS = 12;
const MORE_ROWS = 50;
/** Rows drawn above and below what is seen, so that scrolling shows no holes. */
const OVERSCAN_ROWS = 6;
/** How much of the data a row shows, in characters. */
const PREVIEW_LENGTH = 240;

interface EventTableProps {
  readonly selected: Signal<ListedEvent | undefined>;
  readonly onOpen: (event: ListedEvent) => void;
}

/**
 * The events, newest first. Of thousands only those in sight are in the document. On a narrow screen the page
 * itself scrolls, past the newest few.
 */
export function EventTable({ selected, onOpen }: EventTableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const isNarrow = useNarrow();
  const rowHeight = isNarrow ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide;
  const [limit, setLimit] = useState(FIRST_ROWS);
  const [view, setView] = useState({ top: 0, height: 480 });
  /** The event that the arrow keys have come to. */
  const active = useSignal<number | undefined>(undefined);
  /** The newest event when the reader scrolled away from the top: what came since is not seen yet. */
  const seenUpTo = useSignal<number | undefined>(undefined);

  events.changed.value;
  const matching = events.matching;
  const newest = matching.at(-1)?.number;
  const unseen = useComputed(() => {
    events.changed.value;
    const upTo = seenUpTo.value;
    return upTo === undefined ? 0 : countAfter(events.matching, upTo);
  });

  // In the page rows have no place of their own: what comes waits until the top is in sight again.
  const end = matching.length - (isNarrow ? unseen.value : 0);
  const rows = isNarrow ? matching.slice(Math.max(0, end - limit), end) : matching;

  // Away from the top the events in sight stay where they are, and new ones pile up above them.
  const before = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    const element = scroller.current;
    const known = before.current;
    before.current = newest;
    if (!element || known === undefined || element.scrollTop < 1) return;
    element.scrollTop += countAfter(rows, known) * rowHeight;
  }, [newest]);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const resize = new ResizeObserver(measure);
    resize.observe(element);
    return () => resize.disconnect();
  }, []);

  useEffect(() => {
    if (!isNarrow) return;
    const onPageScroll = () => {
      const isTopSeen = (scroller.current?.getBoundingClientRect().top ?? 0) > 0;
      if (isTopSeen) seenUpTo.value = undefined;
      else seenUpTo.value ??= events.matching.at(-1)?.number;
    };
    addEventListener("scroll", onPageScroll, { passive: true });
    return () => removeEventListener("scroll", onPageScroll);
  }, [isNarrow]);

  function toNewest() {
    scroller.current?.scrollTo(0, 0);
    if (isNarrow) scroller.current?.scrollIntoView();
  }

  function onScroll() {
    const element = scroller.current;
    if (!element) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    if (element.scrollTop < rowHeight) seenUpTo.value = undefined;
    else seenUpTo.value ??= newest;
  }

  /** Rows are counted from the newest. */
  const at = (row: number) => rows[rows.length - 1 - row];
  const rowOf = (number: number) => countAfter(rows, number);

  function moveTo(row: number) {
    const event = at(Math.min(Math.max(row, 0), rows.length - 1));
    const element = scroller.current;
    if (!event || !element) return;
    active.value = event.number;
    if (selected.value) onOpen(event);
    const top = rowOf(event.number) * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight - element.clientHeight;
    }
  }

  function onKeyDown(pressed: KeyboardEvent) {
    const row = active.value === undefined ? -1 : rowOf(active.value);
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1);
    const target = {
      ArrowDown: row + 1,
      ArrowUp: row - 1,
      PageDown: row + page,
      PageUp: row - page,
      Home: 0,
      End: rows.length - 1,
    }[pressed.key];
    if (target !== undefined) moveTo(target);
    else if (pressed.key === "Enter" || pressed.key === " ") {
      const event = at(row);
      if (event) onOpen(event);
    } else return;
    pressed.preventDefault();
  }

  function onClick({ target }: MouseEvent) {
    const row = target instanceof Element ? target.closest<HTMLElement>("[data-number]") : null;
    const event = row && at(rowOf(Number(row.dataset["number"])));
    if (!event) return;
    active.value = event.number;
    onOpen(event);
  }

  const first = isNarrow ? 0 : Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN_ROWS);
  const below = isNarrow ? limit : Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN_ROWS;
  const last = Math.min(rows.length, below);
  const shown: { row: number; event: ListedEvent }[] = [];
  for (let row = first; row < last; row++) {
    const event = at(row);
    if (event) shown.push({ row, event });
  }
  const marked = selected.value?.number ?? active.value;
  const isMarkedShown = shown.some(({ event }) => event.number === marked);

  return (
    <div class="events-box ages">
      <div
        class="events"
        role="grid"
        aria-label="Events, newest first"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={isMarkedShown ? `${id}-${marked}` : undefined}
        tabIndex={0}
        ref={scroller}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        onClick={onClick}
      >
        <div class="event-row event-head" role="row" aria-rowindex={1} tabIndex={-1}>
          <span role="columnheader">Time</span>
          <span role="columnheader">Type</span>
          <span role="columnheader">Topics</span>
          <span role="columnheader">Data</span>
          <span role="columnheader" class="numeric">
            Recipients
          </span>
        </div>
        <div class="events-space" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
          {shown.map(({ row, event }) => (
            <EventRow
              key={event.number}
              id={`${id}-${event.number}`}
              event={event}
              index={row + 2}
              top={row * rowHeight}
              marked={event.number === marked}
            />
          ))}
        </div>
      </div>
      {rows.length < end && isNarrow && (
        <button type="button" class="button quiet more" onClick={() => setLimit(limit + MORE_ROWS)}>
          Show older
        </button>
      )}
      {unseen.value > 0 && (
        <button type="button" class="button primary unseen" onClick={toNewest}>
          <Icon name="up" />
          {format.count(unseen.value)} new
        </button>
      )}
    </div>
  );
}

interface EventRowProps {
  readonly id: string;
  readonly event: ListedEvent;
  readonly index: number;
  readonly top: number;
  readonly marked: boolean;
}

/** Drawn anew only when something of it has changed: scrolling moves none of the others. */
function EventRow({ id, event, index, top, marked }: EventRowProps) {
  return useMemo(() => {
    const { number, type, topics, json, recipients, time } = event;
    return (
      <div
        id={id}
        class="event-row"
        role="row"
        tabIndex={-1}
        data-number={number}
        aria-rowindex={index}
        aria-selected={marked}
        style={{ transform: `translateY(${top}px)` }}
      >
        <span role="gridcell" class="event-time mono">
          {format.preciseClock(time)}
        </span>
        <span role="gridcell" class="event-type truncate">
          {format.visible(type)}
        </span>
        <span role="gridcell" class="event-topics truncate">
          {topics.join(", ")}
        </span>
        <span role="gridcell" class="event-data mono truncate">
          {format.visible(json.slice(0, PREVIEW_LENGTH))}
        </span>
        <span role="gridcell" class="event-recipients numeric">
          {format.shortCount(recipients)}
        </span>
      </div>
    );
  }, [id, event, index, top, marked]);
}

/** How many events of the list, which is in order, have a higher number. */
function countAfter(rows: readonly ListedEvent[], number: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.number ?? 0) <= number) low = middle + 1;
    else high = middle;
  }
  return rows.length - low;
}

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW_SCREEN).matches);
  useEffect(() => {
    const query = matchMedia(NARROW_SCREEN);
    const change = () => setNarrow(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return narrow;
}
