/** The media type of `GET /backup`, registered with IANA. */
export const BACKUP_TYPE = "application/vnd.sqlite3";
