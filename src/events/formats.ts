// TypeBox alone knows no formats, and refuses every text that has one. Elysia registers the usual
// ones (date-time, email, uuid, uri, ipv4 and so on) when this part of it is imported.
import "elysia/type-system/format";
