-- The article's table. It runs as it is on SQLite, MariaDB/MySQL and PostgreSQL.
CREATE TABLE users (
  id INT NOT NULL,
  username VARCHAR(100) NOT NULL,
  PRIMARY KEY (id)
);
