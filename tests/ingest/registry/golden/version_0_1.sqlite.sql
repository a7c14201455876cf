-- A registry of version 0.1 with three people, two bands and a site: its own Registry wrote it, sqlite3's iterdump printed it.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE assignment (
	id INTEGER NOT NULL, 
	band VARCHAR(64) NOT NULL, 
	wearer VARCHAR(64) NOT NULL, 
	since_s DOUBLE NOT NULL, 
	until_s DOUBLE, 
	CONSTRAINT pk_assignment PRIMARY KEY (id), 
	CONSTRAINT fk_assignment_band FOREIGN KEY(band) REFERENCES band (name), 
	CONSTRAINT fk_assignment_wearer FOREIGN KEY(wearer) REFERENCES wearer (pseudonym), 
	CONSTRAINT ck_assignment_ck_assignment_in_order CHECK (until_s IS NULL OR until_s > since_s)
);
INSERT INTO "assignment" VALUES(1,'b-1','w-01',1000.0,2000.25);
INSERT INTO "assignment" VALUES(2,'b-1','w-02',2000.25,NULL);
INSERT INTO "assignment" VALUES(3,'b-2','w-01',2500.0,NULL);
CREATE TABLE band (
	name VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_band PRIMARY KEY (name)
);
INSERT INTO "band" VALUES('b-1');
INSERT INTO "band" VALUES('b-2');
CREATE TABLE carer (
	name VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_carer PRIMARY KEY (name)
);
INSERT INTO "carer" VALUES('Jo');
CREATE TABLE site (
	name VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_site PRIMARY KEY (name)
);
INSERT INTO "site" VALUES('home');
CREATE TABLE wearer (
	pseudonym VARCHAR(64) NOT NULL, 
	site VARCHAR(64), 
	CONSTRAINT pk_wearer PRIMARY KEY (pseudonym), 
	CONSTRAINT fk_wearer_site FOREIGN KEY(site) REFERENCES site (name)
);
INSERT INTO "wearer" VALUES('w-01','home');
INSERT INTO "wearer" VALUES('w-02',NULL);
INSERT INTO "wearer" VALUES('w-03',NULL);
CREATE TABLE wearer_name (
	pseudonym VARCHAR(64) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_wearer_name PRIMARY KEY (pseudonym), 
	CONSTRAINT fk_wearer_name_pseudonym FOREIGN KEY(pseudonym) REFERENCES wearer (pseudonym) ON DELETE CASCADE
);
INSERT INTO "wearer_name" VALUES('w-01','Ann');
INSERT INTO "wearer_name" VALUES('w-02','Bo');
INSERT INTO "wearer_name" VALUES('w-03','Cleo');
CREATE UNIQUE INDEX ix_assignment_open_band ON assignment (band) WHERE until_s IS NULL;
CREATE UNIQUE INDEX ix_assignment_open_wearer ON assignment (wearer) WHERE until_s IS NULL;
CREATE INDEX ix_assignment_band_since_s ON assignment (band, since_s);
COMMIT;
