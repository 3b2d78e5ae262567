import { FigureCards } from "./figure-cards.tsx";

/** What happens on the hub right now. */
export function LiveView() {
  return (
    <>
      <h1 class="visually-hidden">Live</h1>
      <FigureCards />
    </>
  );
}
