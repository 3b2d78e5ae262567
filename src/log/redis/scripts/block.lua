-- block POSITION
--
-- The block with the event at a position, as it lies in the stream.

local _, entry = block_at(tonumber(ARGV[2]))
return entry and { entry[1], entry[2] } or {}
