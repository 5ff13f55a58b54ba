CREATE TABLE secret_mark (
  one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
  mark TEXT NOT NULL
);
