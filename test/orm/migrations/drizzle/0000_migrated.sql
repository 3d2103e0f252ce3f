CREATE TABLE migrated (id int);
