import * as format from "../format.ts";

interface MoreButtonProps {
  /** How many there are. */
  readonly count: number;
  /** How many of them are shown. */
  readonly shown: number;
  readonly onMore: () => void;
}

/** Below a list that shows its first ones; nothing when it shows all. */
export function MoreButton({ count, shown, onMore }: MoreButtonProps) {
  if (count <= shown) return null;
  return (
    <button type="button" class="button quiet more" onClick={onMore}>
      Show {format.count(count - shown)} more
    </button>
  );
}
